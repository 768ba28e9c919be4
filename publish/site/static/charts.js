// Lets a reader walk along the values of a chart: by mouse, by touch and by keyboard.
// Without this file a chart loses nothing: its values stand in the table below it.
// Each chart gets one tab stop, a slider over its points, because that is what screen readers know how to read along.
"use strict";

(function () {
  const near = 36; // pixels; farther from every point nothing is shown
  const svgNamespace = "http://www.w3.org/2000/svg";

  function isShown(element) {
    return element.getClientRects().length > 0;
  }

  // A line chart has two drawings with the same points in the same order, of which the first carries the texts.
  // In a drawing the first series stands last, so that it lies on top.
  function seriesOf(svg) {
    return Array.from(svg.querySelectorAll(".series")).reverse();
  }

  function pointsIn(series) {
    return Array.from(series.querySelectorAll(".dots > :not(.pip):not(.bar-through)"));
  }

  function pointsOf(plot) {
    const found = [];
    for (const svg of Array.from(plot.querySelectorAll("svg")).filter(isShown)) {
      const spoken = seriesOf(svg.classList.contains("chart-narrow") ? svg.previousElementSibling : svg);
      seriesOf(svg).forEach((series, s) => {
        const texts = pointsIn(spoken[s]).map((point) => point.dataset);
        const points = pointsIn(series).map((mark, p) => ({ mark: mark, year: texts[p].y, text: texts[p].t, note: texts[p].n || "" }));
        if (points.length > 0) {
          found.push({ name: spoken[s].dataset.l, points: points });
        }
      });
    }
    return found;
  }

  function middle(point, plot) {
    const box = point.mark.getBoundingClientRect();
    const frame = plot.getBoundingClientRect();
    return { x: box.left + box.width / 2 - frame.left, y: box.top + box.height / 2 - frame.top, r: box.width / 2 };
  }

  function line(tag, text) {
    const element = document.createElement(tag);
    element.textContent = text;
    return element;
  }

  class Reader {
    constructor(plot) {
      this.plot = plot;
      this.series = 0;
      this.point = null;
      this.tip = document.createElement("div");
      this.tip.className = "chart-tip";
      this.tip.hidden = true;
      this.tip.setAttribute("aria-hidden", "true");
      this.slider = document.createElement("div");
      this.slider.className = "chart-reader";
      this.slider.tabIndex = 0;
      this.slider.setAttribute("role", "slider");
      plot.append(this.slider, this.tip);
      this.nameDrawings();
      this.settle();
      plot.addEventListener("pointermove", (event) => this.follow(event));
      plot.addEventListener("pointerdown", (event) => this.follow(event));
      plot.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.close());
      this.slider.addEventListener("keydown", (event) => this.walk(event));
      this.slider.addEventListener("focus", () => this.slider.matches(":focus-visible") && this.show());
      this.slider.addEventListener("blur", () => this.close());
      document.addEventListener("pointerdown", (event) => !plot.contains(event.target) && this.close());
      document.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
      new ResizeObserver(() => this.resized()).observe(plot);
    }

    // A browser shows <title> as its own tooltip; the name stays, the second tooltip goes.
    nameDrawings() {
      const names = [];
      for (const svg of this.plot.querySelectorAll("svg")) {
        const title = svg.querySelector("title");
        if (title) {
          names.push(title.textContent);
          svg.setAttribute("aria-label", title.textContent);
          svg.removeAttribute("aria-labelledby");
          title.remove();
        }
      }
      const group = this.plot.closest("[role=group]");
      const name = group ? group.getAttribute("aria-label") : names[0];
      this.slider.setAttribute("aria-label", name + ". " + this.plot.dataset.reader);
    }

    // The reading starts at the latest value of the first series.
    settle() {
      this.all = pointsOf(this.plot);
      this.series = 0;
      this.point = this.all.length ? this.all[0].points.length - 1 : null;
      this.speak();
    }

    // Another layout may be shown now: the same points, other marks.
    resized() {
      this.close();
      this.all = pointsOf(this.plot);
    }

    current() {
      return this.point === null || !this.all[this.series] ? null : this.all[this.series].points[this.point];
    }

    speak() {
      const point = this.current();
      if (!point) {
        return;
      }
      const before = this.all.slice(0, this.series).reduce((sum, series) => sum + series.points.length, 0);
      const total = this.all.reduce((sum, series) => sum + series.points.length, 0);
      const parts = [this.all.length > 1 ? this.all[this.series].name : "", point.year, point.text];
      this.slider.setAttribute("aria-valuemin", "1");
      this.slider.setAttribute("aria-valuemax", String(total));
      this.slider.setAttribute("aria-valuenow", String(before + this.point + 1));
      this.slider.setAttribute("aria-valuetext", parts.concat(point.note).filter(Boolean).join(", "));
    }

    show() {
      const point = this.current();
      if (!point) {
        return;
      }
      this.speak();
      this.tip.replaceChildren(line("b", point.year + ": " + point.text));
      if (this.all.length > 1) {
        this.tip.append(line("span", this.all[this.series].name));
      }
      if (point.note) {
        this.tip.append(line("span", point.note));
      }
      this.mark(point);
      const at = middle(point, this.plot);
      const room = this.plot.clientWidth - this.tip.offsetWidth;
      const above = at.y - at.r - this.tip.offsetHeight - 10;
      const top = above < -this.tip.offsetHeight ? at.y + at.r + 10 : above;
      const left = Math.max(0, Math.min(room, at.x - this.tip.offsetWidth / 2));
      this.tip.style.transform = "translate(" + Math.round(left) + "px, " + Math.round(top) + "px)";
      this.tip.hidden = false;
    }

    mark(point) {
      this.unmark();
      const box = point.mark.getBBox();
      this.ring = document.createElementNS(svgNamespace, "circle");
      this.ring.setAttribute("class", "ring");
      this.ring.setAttribute("cx", String(box.x + box.width / 2));
      this.ring.setAttribute("cy", String(box.y + box.height / 2));
      this.ring.setAttribute("r", String(Math.max(box.width, box.height) / 2 + 3));
      point.mark.ownerSVGElement.append(this.ring);
    }

    unmark() {
      if (this.ring) {
        this.ring.remove();
        this.ring = null;
      }
    }

    close() {
      this.tip.hidden = true;
      this.unmark();
    }

    follow(event) {
      const frame = this.plot.getBoundingClientRect();
      const x = event.clientX - frame.left;
      const y = event.clientY - frame.top;
      let best = null;
      this.all.forEach((series, s) => {
        series.points.forEach((point, p) => {
          const at = middle(point, this.plot);
          // The year under the pointer comes first, the height decides between series.
          const away = Math.abs(at.x - x) * 2 + Math.abs(at.y - y) * 0.5;
          const far = Math.abs(at.x - x) > near;
          if (!far && Math.abs(at.y - y) < near * 3 && (best === null || away < best.away)) {
            best = { away: away, s: s, p: p };
          }
        });
      });
      if (best === null) {
        this.close();
        return;
      }
      this.series = best.s;
      this.point = best.p;
      this.show();
    }

    // Left and right: the years of a series. Up and down: the same year, or the nearest, of another series.
    walk(event) {
      const points = this.all[this.series] ? this.all[this.series].points : [];
      if (event.ctrlKey || event.altKey || event.metaKey || !points.length) {
        return;
      }
      if (event.key === "ArrowRight") {
        this.point = Math.min(points.length - 1, this.point + 1);
      } else if (event.key === "ArrowLeft") {
        this.point = Math.max(0, this.point - 1);
      } else if (event.key === "Home") {
        this.point = 0;
      } else if (event.key === "End") {
        this.point = points.length - 1;
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        this.change(event.key === "ArrowDown" ? 1 : -1);
      } else {
        return;
      }
      event.preventDefault();
      this.show();
    }

    change(step) {
      const year = Number(this.current().year);
      this.series = Math.max(0, Math.min(this.all.length - 1, this.series + step));
      const years = this.all[this.series].points.map((point) => Math.abs(Number(point.year) - year));
      this.point = years.indexOf(Math.min.apply(null, years));
    }
  }

  for (const plot of document.querySelectorAll(".chart-plot[data-reader]")) {
    new Reader(plot);
  }
})();
