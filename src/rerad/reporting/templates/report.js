"use strict";
(() => {
  const SEARCH_FROM = 5; // rows: a shorter table is read at a glance
  const NUMBER = /^[+-]?\d[\d ]*(\.\d+)?(e[+-]?\d+)?( ?%)?[*†‡]*$/i;
  const collator = new Intl.Collator("en", { numeric: true });
  const plain = (text) => text.replaceAll("−", "-").replaceAll("\u00a0", " ").trim();

  function content(row, column) {
    const cell = row.cells[column];
    if (!cell) return "";
    const text = plain(cell.dataset.value ?? cell.textContent);
    return text === "–" ? "" : text;
  }

  function sort(table, header, column) {
    const next = { ascending: "descending", descending: "none", none: "ascending" };
    const order = next[header.getAttribute("aria-sort") ?? "none"];
    for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
    const body = table.tBodies[0];
    const rows = table.original.map((row, place) => ({ row, place, text: content(row, column) }));
    if (order !== "none") {
      header.setAttribute("aria-sort", order);
      const numeric = rows.every(({ text }) => text === "" || NUMBER.test(text));
      const value = (text) => parseFloat(text.replaceAll(" ", ""));
      const compare = numeric ? (a, b) => value(a) - value(b) : collator.compare;
      const sign = order === "ascending" ? 1 : -1;
      // What has no value stays at the end in either order.
      rows.sort((a, b) => (a.text === "") - (b.text === "") || (a.text && sign * compare(a.text, b.text)) || a.place - b.place);
    }
    body.append(...rows.map(({ row }) => row));
  }

  function makeSortable(table) {
    table.original = [...table.tBodies[0].rows];
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      if (header.dataset.nosort !== undefined || !header.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header, column));
      header.append(button);
    });
  }

  function show(table) {
    const words = plain(table.search?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.original) {
      const text = plain(row.textContent).toLowerCase();
      row.hidden = !words.every((word) => text.includes(word)) || (table.group && row.dataset.group !== table.group);
      shown += !row.hidden;
    }
    const all = table.original.length;
    if (table.count) table.count.textContent = shown === all ? "" : `${shown} of ${all} rows`;
  }

  function makeSearchable(table) {
    if (table.original.length < SEARCH_FROM) return;
    const line = document.createElement("p");
    line.className = "search";
    line.innerHTML = '<label>Search <input type="search" autocomplete="off" spellcheck="false"></label> <output></output>';
    (table.closest(".scroll") ?? table).before(line);
    table.search = line.querySelector("input");
    table.count = line.querySelector("output");
    table.search.addEventListener("input", () => show(table));
  }

  // The counts above a table become switches that show one group of its rows.
  function makeSwitches(list) {
    const table = document.getElementById(list.dataset.for);
    const items = [...list.querySelectorAll("[data-group]")];
    for (const item of items) {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "false");
      button.append(...item.childNodes);
      item.append(button);
      button.addEventListener("click", () => {
        table.group = table.group === item.dataset.group ? "" : item.dataset.group;
        for (const other of items) {
          other.firstElementChild.setAttribute("aria-pressed", String(other.dataset.group === table.group));
        }
        show(table);
      });
    }
  }

  // What scrolls must scroll by keyboard, too. Only boxes near the screen are measured: measuring all lays out all.
  const near = new Set();
  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) near[isIntersecting ? "add" : "delete"](target);
    measure();
  }, { rootMargin: "100% 0px" });

  function measure() {
    const boxes = [...near].map((box) => [box, box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight]);
    for (const [box, scrolls] of boxes) {
      if (scrolls) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }

  function reachable(part = document) {
    for (const box of part.querySelectorAll(".scroll, pre")) watch.observe(box);
  }

  // A link may lead into a closed part.
  function reveal() {
    let part = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!part) return;
    part.hidden = false;
    for (let outer = part; outer; outer = outer.parentElement) if (outer.tagName === "DETAILS") outer.open = true;
    part.scrollIntoView();
  }

  globalThis.rerad = { makeSortable, makeSearchable, reachable };
  for (const table of document.querySelectorAll("table")) {
    if (!table.tHead || !table.tBodies.length) continue;
    makeSortable(table);
    makeSearchable(table);
  }
  document.querySelectorAll(".tally[data-for]").forEach(makeSwitches);
  reachable();
  addEventListener("resize", measure);
  addEventListener("toggle", measure, true);
  addEventListener("hashchange", reveal);
  reveal();

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const part of opened) part.open = true;
  });
  addEventListener("afterprint", () => { for (const part of opened) part.open = false; });
})();
