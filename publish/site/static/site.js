// What makes the pages quicker to use: sorting and searching in tables, copying. Nothing here is needed for reading.
(() => {
  "use strict";
  const dutch = document.documentElement.lang === "nl";
  const words = dutch
    ? { copied: "Gekopieerd", shown: "rijen getoond", sorted: "Gesorteerd op" }
    : { copied: "Copied", shown: "rows shown", sorted: "Sorted by" };
  const order = new Intl.Collator(document.documentElement.lang, { numeric: true, sensitivity: "base" });

  const live = document.createElement("p");
  live.className = "visually-hidden";
  live.setAttribute("role", "status");
  document.querySelector("main").append(live);

  // A cell as a number where it is one (1.234,5 in Dutch, 1,234.5 in English), else as text.
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    const text = (cell.dataset.value ?? cell.textContent).trim();
    const plain = cell.dataset.value !== undefined ? text
      : (dutch ? text.replace(/\./g, "").replace(",", ".") : text.replace(/,/g, "")).replace("\u2212", "-");
    const head = plain.match(/^-?\d+(\.\d+)?(?=\s|\u00a0|%|$)/);
    return head && !/^\d{4}-\d\d-/.test(text) ? Number(head[0]) : text;
  };

  const compare = (a, b) => {
    if (a === "" || a === "–") return 1;
    if (b === "" || b === "–") return -1;
    return typeof a === "number" && typeof b === "number" ? a - b : order.compare(String(a), String(b));
  };

  const sortBy = (table, head, column) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
    rows.sort((a, b) => (down ? -1 : 1) * compare(a[0], b[0]));
    body.append(...rows.map(([, row]) => row));
    live.textContent = `${words.sorted} ${head.textContent.trim()}`;
  };

  for (const table of document.querySelectorAll("table[data-sortable]")) {
    if (table.tBodies.length !== 1 || table.tBodies[0].rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sortBy(table, head, column));
    });
  }

  // A search field over one table, or over all tables of a part of the page.
  for (const part of document.querySelectorAll("[data-filter]")) {
    const rows = [...part.querySelectorAll("tbody > tr")];
    if (rows.length < 8) continue;
    const label = document.createElement("label");
    const input = document.createElement("input");
    label.className = "filter";
    input.type = "search";
    label.append(part.dataset.filter, input);
    (part.closest(".scroll") ?? part).before(label);
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      for (const section of part.querySelectorAll("section")) {
        section.hidden = !section.querySelector("tbody > tr:not([hidden])");
      }
      live.textContent = `${rows.filter((row) => !row.hidden).length} ${words.shown}`;
    });
  }

  if (navigator.clipboard) {
    for (const button of document.querySelectorAll("button[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
        live.textContent = words.copied;
        const before = button.firstChild.textContent;
        button.firstChild.textContent = words.copied;
        setTimeout(() => { button.firstChild.textContent = before; }, 2000);
      });
    }
  }

  // A link into a closed part (a code list, a table) opens it.
  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  };
  addEventListener("hashchange", open);
  open();

  // On paper everything is open.
  addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details")) part.open = true; });
})();
