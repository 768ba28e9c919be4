"""The site: pages that a person reads, made from the published folder and from nothing else.

Here: reading releases, putting a page together, writing what changed. Not here: the metadata of a release
(`publish/metadata`), or anything below `releases/`, which a site never touches.
"""
