"""Charts of the site, drawn when it is built: from figures to markup, without a clock and without a file.

Here: the public names. Not here: reading releases, pages, and the table that stands below every chart.

What comes out is a `<div class="chart">` with one or more `<svg role="img">` and, where the marks need words, a key
as HTML list below them. `static/charts.css` gives it its colours, `static/charts.js` lets a reader walk along the
values. Nothing in it needs an inline style or script.
"""

from publish.site.charts.bullet import bullet_chart
from publish.site.charts.figures import Break, ChartError, Point, Role, Series, Target
from publish.site.charts.finding import finding
from publish.site.charts.line import line_chart
from publish.site.charts.multiples import Panel, small_multiples

__all__ = [
    "Break",
    "ChartError",
    "Panel",
    "Point",
    "Role",
    "Series",
    "Target",
    "bullet_chart",
    "finding",
    "line_chart",
    "small_multiples",
]
