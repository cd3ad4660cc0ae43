(() => {
  // What lies behind a number: its folds, seeds, patients, cost and provenance, unpacked when somebody asks.
  const PREFIX = "#cell/";
  const CALLED_FROM = 0.5;
  const SCOPES = { pooled: "All patients", seed: "Seed", fold: "Fold", folds: "Mean over folds" };
  const MASKS = { dice: "Dice", jaccard: "Jaccard", accuracy: "Accuracy", sensitivity: "Sensitivity", specificity: "Specificity", hd95_mm: "HD95, mm" };
  const PIXELS = { pixels: "Pixels", correlation: "Correlation", percent_difference: "Difference, fraction", difference: "Synthesised − exact" };
  const SPENT = { stage: "Stage", seed: "Seed", chunk: "Part", wall_s: "Wall, s", cpu_s: "CPU, s", gpu_s: "GPU, s", peak_rss_mb: "Memory, MB", peak_gpu_mb: "GPU memory, MB", device: "Device", failed: "Failed" };
  const unpacked = new Map();

  function unpack(name) {
    if (!unpacked.has(name)) unpacked.set(name, inflate(document.getElementById(`behind-${name}`).textContent));
    return unpacked.get(name);
  }

  function inflate(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  }

  function rowsOf(columns) {
    const names = Object.keys(columns);
    return (columns[names[0]] ?? []).map((_, place) => Object.fromEntries(names.map((name) => [name, columns[name][place]])));
  }

  function make(tag, content = "", settings = {}) {
    const element = Object.assign(document.createElement(tag), settings);
    element.append(...[content].flat());
    return element;
  }

  function number(value) {
    if (value === null || value === undefined) return "–";
    const size = Math.abs(value);
    const text = Number.isInteger(value) ? String(value) : size >= 1000 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 0.001 ? value.toFixed(3) : value.toPrecision(3);
    return text.replace("-", "−");
  }

  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const distinct = (values) => [...new Set(values)].sort((a, b) => (a > b) - (a < b));

  // A table of headings and rows; a cell is a text, a number or {value, show}.
  function table(headings, rows, { sorted = true, name = "" } = {}) {
    const head = make("tr", headings.map((text) => make("th", text, { scope: "col" })));
    const lines = rows.map((row) => make("tr", row.map((cell, place) => {
      const { value, show } = cell !== null && typeof cell === "object" ? cell : { value: cell };
      const td = make("td", show ?? (typeof value === "number" || value === null ? number(value) : value));
      if (typeof value === "number" || value === null) td.className = "right";
      td.dataset.value = value ?? "";
      td.dataset.heading = headings[place];
      return td;
    })));
    for (const th of head.cells) if (lines.some((line) => line.cells[th.cellIndex].className)) th.className = "right";
    const made = make("table", [make("thead", head), make("tbody", lines)], { className: name });
    const box = make("div", made, { className: "scroll" });
    if (sorted) {
      rerad.makeSortable(made);
      rerad.makeSearchable(made);
    }
    return [...(made.search ? [made.search.closest("p")] : []), box];
  }

  function values(cell, results) {
    const own = rowsOf(results.values).filter((row) => row.metric === cell.metric && same(row, cell));
    const selections = distinct(own.map((row) => row.selection)).reverse();
    const lines = new Map();
    for (const row of own) lines.set(`${row.scope} ${row.number ?? ""}`, [row.scope, row.number]);
    const order = Object.keys(SCOPES);
    const shown = [...lines.values()].sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]) || a[1] - b[1]);
    const rows = shown.map(([scope, which]) => [
      { value: `${SCOPES[scope]} ${which ?? ""}`.trim() },
      ...selections.flatMap((selection) => {
        const row = own.find((one) => one.scope === scope && one.number === which && one.selection === selection);
        return row ? [{ value: inUnit(cell, row.value), show: within(cell, row) }, row.n] : ["", ""];
      }),
    ]);
    const headings = ["", ...selections.flatMap((selection) => [selection + (selection === cell.selection ? " (in the table)" : ""), "n"])];
    return rows.length ? table(headings, rows, { sorted: false, name: "values" }) : [make("p", "There is no value: the method failed, or no case belongs here.")];
  }

  // A value in the unit of the table; features are measured in mm, mm² and mm³.
  const inUnit = (cell, value) => (value === null || value === undefined ? value : value * (cell.scale ?? 1));
  const unit = (cell) => (cell.unit ? `, ${cell.unit}` : "");

  function within(cell, row) {
    const told = (value) => number(inUnit(cell, value));
    const spread = row.scope === "folds" && row.sd !== null ? ` ± ${told(row.sd)}` : "";
    const interval = row.low === null ? "" : ` [${told(row.low)}, ${told(row.high)}]`;
    return [make("b", told(row.value)), make("span", spread + interval, { className: "interval" })];
  }

  const same = (row, cell) => ["task", "role", "group", "variant"].every((name) => row[name] === cell[name]);

  // The metric without its region, feature or tissue, and that part.
  function split(cell, cases) {
    const column = { segmentation: "region", regression: "feature", synthesis: "tissue" }[cell.task];
    const parts = column ? distinct(cases.map((row) => row[column])) : [];
    const part = parts.find((one) => cell.metric.endsWith(`_${one.toLowerCase()}`)) ?? (parts.length === 1 ? parts[0] : "");
    return { column, part };
  }

  function patients(cell, results, index, cohort, selection) {
    const everything = rowsOf(results.cases[cell.task] ?? {}).filter((row) => row.role === cell.role && row.variant === cell.variant);
    const { column, part } = split(cell, everything);
    const groups = index.groups[cohort];
    const own = everything.filter((row) => row.selection === selection && (!part || row[column] === part) && (cell.group === "all" || groups[row.case] === cell.group));
    if (!own.length) return [make("p", "No patient.")];
    const several = distinct(own.map((row) => row.seed)).length > 1;
    const lead = (row) => [{ value: row.case, show: named(row.case, cohort) }, ...(Object.keys(groups).length ? [groups[row.case] ?? ""] : []), row.fold];
    const headings = ["Case", ...(Object.keys(groups).length ? ["Group"] : []), "Fold"];
    if (cell.task === "classification" || cell.task === "regression") return wide(cell, own, part, lead, headings);
    const shown = cell.task === "segmentation" ? MASKS : PIXELS;
    const rows = own.map((row) => [...lead(row), ...(several ? [row.seed] : []), ...Object.keys(shown).map((name) => row[name])]);
    return table([...headings, ...(several ? ["Seed"] : []), ...Object.values(shown)], rows, { name: "patients" });
  }

  // One row a patient, its seeds side by side.
  function wide(cell, own, part, lead, headings) {
    const seeds = distinct(own.map((row) => row.seed));
    const cases = Map.groupBy(own, (row) => row.case);
    const of = (rows, seed) => rows.filter((row) => row.seed === seed);
    const label = (name, seed) => (seeds.length > 1 ? `${name}, seed ${seed}` : name);
    if (cell.task === "classification") {
      const right = (row) => (row.score >= CALLED_FROM) === (row.target === 1);
      const rows = [...cases.values()].map((rows) => [...lead(rows[0]), rows[0].target, ...seeds.flatMap((seed) => {
        const row = of(rows, seed)[0];
        return [row.score, { value: right(row) ? "✓ right" : "✗ wrong", show: make("span", right(row) ? "✓ right" : "✗ wrong", { className: right(row) ? "right-call" : "wrong-call" }) }];
      })]);
      const told = seeds.map((seed) => `${of(own, seed).filter(right).length} of ${of(own, seed).length} right${seeds.length > 1 ? ` (seed ${seed})` : ""}`);
      return [make("p", `${told.join(", ")}. Called positive from a score of ${CALLED_FROM}.`), ...table([...headings, "Truth", ...seeds.flatMap((seed) => [label("Score", seed), label("Call", seed)])], rows, { name: "patients" })];
    }
    if (part) {
      const rows = [...cases.values()].map((rows) => {
        const error = mean(rows.map((row) => Math.abs(row.prediction - row.truth)));
        return [...lead(rows[0]), inUnit(cell, rows[0].truth), ...seeds.map((seed) => inUnit(cell, of(rows, seed)[0].prediction)), inUnit(cell, error), rows[0].truth ? (100 * error) / Math.abs(rows[0].truth) : null];
      });
      return table([...headings, `Truth${unit(cell)}`, ...seeds.map((seed) => label(`Prediction${unit(cell)}`, seed)), `Error${unit(cell)}`, "Error, %"], rows, { name: "patients" });
    }
    const largest = {};
    for (const row of own) largest[row.feature] = Math.max(largest[row.feature] ?? -Infinity, row.truth);
    const rows = [...cases.values()].map((rows) => [
      ...lead(rows[0]),
      mean(rows.map((row) => Math.abs(row.prediction - row.truth) / largest[row.feature])),
      mean(rows.filter((row) => row.truth).map((row) => (100 * Math.abs(row.prediction - row.truth)) / Math.abs(row.truth))),
    ]);
    return table([...headings, "Mean error, of a feature's largest value", "Mean error, %"], rows, { name: "patients" });
  }

  // A case's name with its quality picture, which the page has once.
  function named(name, cohort) {
    const picture = document.querySelector(`#cohort-${cohort} [data-case="${CSS.escape(name)}"] img`);
    if (!picture) return name;
    const summary = make("summary", [make("img", "", { src: picture.src, alt: "", loading: "lazy" }), name]);
    return make("details", [summary, make("img", "", { src: picture.src, alt: picture.alt, loading: "lazy" })], { className: "case" });
  }

  async function features(cell, results, cohort) {
    const of = (found, metric) => rowsOf(found.values).find((row) => row.metric === metric && row.scope === "pooled" && row.selection === cell.selection && same(row, cell))?.value ?? null;
    const other = await unpack(`${cohort}-${cell.against}`);
    const metrics = distinct(rowsOf(results.values).map((row) => row.metric)).filter((name) => name.startsWith(`${cell.metric}_`));
    const rows = metrics.map((metric) => {
      const [ours, theirs] = [of(results, metric), of(other, metric)];
      return [metric.slice(cell.metric.length + 1).replaceAll("_", " "), ours, theirs, ours !== null && ours < theirs ? "✓ lower" : ""];
    });
    return table(["Feature", `Error of ${cell.method}`, `Error of ${cell.against}`, ""], rows, { name: "features" });
  }

  function files(cell, results, csv) {
    const paths = [csv, results.files.metrics, results.files.predictions[cell.task], results.files.costs];
    return make("ul", paths.map((path) => make("li", make("a", path, { href: path }))), { className: "files" });
  }

  function selections(cell, results, redraw) {
    const own = rowsOf(results.values).filter((row) => same(row, cell));
    const box = make("fieldset", make("legend", "Epoch chosen"), { className: "choice" });
    for (const selection of distinct(own.map((row) => row.selection)).reverse()) {
      const input = make("input", "", { type: "radio", name: "selection", value: selection, checked: selection === cell.selection });
      input.addEventListener("change", () => redraw(selection));
      box.append(make("label", [input, ` ${selection}`]));
    }
    return box;
  }

  const dialog = make("dialog", "", { id: "drill" });
  dialog.setAttribute("aria-labelledby", "drill-title");
  document.body.append(dialog);
  // A table wider than the panel becomes a list: no number lies out of sight.
  function fit() {
    for (const box of dialog.querySelectorAll(".scroll")) {
      box.firstChild.classList.remove("stacked");
      box.firstChild.classList.toggle("stacked", box.scrollWidth > box.clientWidth);
    }
    rerad.reachable(dialog);
  }

  let from = null;
  let asked = 0;

  async function open(address) {
    const turn = ++asked;
    const [id, ...names] = address.split("/");
    const index = await unpack("index");
    const entry = index.tables[id];
    const cell = entry?.cells[names.join("/")];
    if (!cell || turn !== asked) return;
    const results = await unpack(`${entry.cohort}-${cell.method}`);
    const place = document.querySelector(`.result-table [data-cell="${CSS.escape(address)}"]`);
    if (turn !== asked) return;
    const close = make("button", "Close", { type: "button", className: "close" });
    close.addEventListener("click", () => dialog.close());
    const row = place?.parentElement.cells[0].firstChild.textContent.trim() ?? names[0];
    const head = place?.closest("table").tHead.rows[0].cells[place.cellIndex];
    const title = make("h2", `${row}: ${head?.title || head?.textContent.trim() || names[1]}`, { id: "drill-title" });
    const list = make("div", patients(cell, results, index, entry.cohort, cell.selection));
    const choice = selections(cell, results, (selection) => {
      list.replaceChildren(...patients(cell, results, index, entry.cohort, selection));
      fit();
    });
    const costs = rowsOf(results.costs).map((one) => Object.keys(SPENT).map((name) => one[name] ?? (name === "failed" ? "" : null)));
    dialog.replaceChildren(
      make("header", [title, close]),
      make("p", [entry.title, ". ", make("a", "Link to this", { href: PREFIX + address })], { className: "lead" }),
      make("h3", cell.against ? "Features" : `Values${unit(cell)}`), ...(cell.against ? await features(cell, results, entry.cohort) : values(cell, results)),
      make("h3", "Patients"), choice, list,
      make("h3", "Cost"), ...table(Object.values(SPENT), costs, { sorted: false }),
      make("h3", "Where it comes from"),
      make("p", ["Method ", make("code", cell.method), ", code ", make("code", results.code.join(", ") || "unknown"), ", settings ", make("code", results.digest), ". The files lie beside this page:"]),
      files(cell, results, entry.csv),
      make("details", [make("summary", "Settings of the method"), make("pre", results.settings)]),
    );
    from ??= place?.querySelector("button");
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    fit();
  }

  const address = () => (location.hash.startsWith(PREFIX) ? decodeURIComponent(location.hash.slice(PREFIX.length)) : "");

  function follow() {
    if (address()) open(address());
    else if (dialog.open) dialog.close();
  }

  dialog.addEventListener("close", () => {
    asked++;
    if (address()) history.replaceState(null, "", location.pathname + location.search);
    from?.focus();
    from = null;
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  for (const cell of document.querySelectorAll("td[data-cell]")) {
    const button = make("button", [...cell.childNodes], { type: "button", className: "drill", title: "What lies behind this number" });
    button.setAttribute("aria-haspopup", "dialog");
    button.addEventListener("click", () => {
      from = button;
      location.hash = PREFIX + cell.dataset.cell;
    });
    cell.append(button);
  }
  addEventListener("hashchange", follow);
  addEventListener("resize", fit);
  dialog.addEventListener("toggle", fit, true); // a picture was opened
  follow();
})();
