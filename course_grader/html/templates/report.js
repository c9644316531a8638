"use strict";
(() => {
  // Closed details are opened for printing, and closed again afterwards.
  let unfolded = [];
  window.addEventListener("beforeprint", () => {
    unfolded = [...document.querySelectorAll("details:not(.screen):not([open])")];
    for (const one of unfolded) one.open = true;
  });
  window.addEventListener("afterprint", () => { for (const one of unfolded) one.open = false; });

  // The button in a table's heading sorts by that column; numbers are compared as numbers.
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = head.querySelector("button");
      if (!button) return;
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") !== "descending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = row => {
          const cell = row.cells[column], mark = cell.querySelector("[data-value]");
          return mark ? mark.dataset.value : cell.textContent.trim().replace("−", "-");
        };
        const compare = (a, b) => {
          const [x, y] = [key(a), key(b)], [m, n] = [Number(x), Number(y)];
          return Number.isNaN(m) || Number.isNaN(n) || x === "" || y === "" ? y.localeCompare(x) : n - m;
        };
        const rows = [...body.rows].sort(compare);
        body.append(...(down ? rows : rows.reverse()));
      });
    });
  }

  const island = document.getElementById("data");
  if (!island) return;
  const { exercises, students, max } = JSON.parse(island.textContent);
  const COLORS = { p: "#0b62a4", a: "#8cc4ea", f: "#d9621b", b: "#c9ced6", s: "#5d2f57" };
  const INKS = { p: "#ffffff", a: "#10202e", f: "#ffffff", b: "#28303a", s: "#ffffff" };
  const MARKS = { p: "✓", a: "◐", f: "✗", b: "–", s: "!" };
  const WORDS = { p: "right", a: "partly right", f: "wrong", b: "not written", s: "stopped or not graded" };
  const WORTH = { p: 4, a: 3, f: 2, s: 1, b: 0 };
  const MOST_ROWS = 140;

  const canvas = document.getElementById("map"), readout = document.getElementById("readout");
  const order = document.getElementById("order"), find = document.getElementById("find");
  let rows = [], size = {}, at = null, byExercise = -1, printing = false;

  function arrange() {
    const name = (a, b) => a[0].localeCompare(b[0], undefined, { numeric: true });
    const score = (a, b) => b[1] - a[1] || name(a, b);
    const sorted = [...students].sort(order.value === "name" ? name : score);
    if (byExercise >= 0) sorted.sort((a, b) => WORTH[b[2][byExercise]] - WORTH[a[2][byExercise]] || score(a, b));
    // A large class is drawn in bands of several students; each cell shows how the outcomes are divided.
    const band = Math.ceil(sorted.length / MOST_ROWS);
    rows = [];
    for (let i = 0; i < sorted.length; i += band) rows.push({ first: i + 1, who: sorted.slice(i, i + band) });
  }

  function draw() {
    const style = getComputedStyle(document.documentElement), ink = printing ? "#000000" : style.getPropertyValue("--ink").trim();
    const ratio = Math.max(2, window.devicePixelRatio || 1), context = canvas.getContext("2d");
    const single = rows.every(row => row.who.length === 1), named = single && rows.length <= 70;
    const high = named ? 18 : rows.length <= 70 ? 12 : 6;
    const font = "12px system-ui, 'DejaVu Sans', sans-serif";
    context.font = font;
    const labels = rows.map(row => (named ? row.who[0][0] : ""));
    const left = named ? Math.min(230, 12 + Math.max(...labels.map(text => context.measureText(text).width))) : 46;
    const head = Math.min(190, 14 + Math.max(...exercises.map(text => context.measureText(text).width)) * 0.82);
    const room = canvas.parentElement.clientWidth - left - head * 0.6;
    const wide = Math.max(20, Math.min(44, Math.floor(room / exercises.length)));
    const width = left + wide * exercises.length + Math.ceil(head * 0.7), height = head + high * rows.length + 2;
    size = { left, head, wide, high };
    canvas.width = width * ratio; canvas.height = height * ratio;
    canvas.style.width = `${width}px`; canvas.style.height = `${height}px`;
    context.scale(ratio, ratio);
    context.font = font; context.textBaseline = "middle"; context.fillStyle = ink;
    exercises.forEach((text, j) => {
      context.save();
      context.translate(left + wide * (j + 0.5), head - 6);
      context.rotate(-0.96);
      context.font = (j === byExercise ? "bold " : "") + font;
      context.fillText(short(context, text, head * 1.15), 0, 0);
      context.restore();
    });
    rows.forEach((row, i) => {
      const y = head + i * high;
      context.fillStyle = ink; context.textAlign = "right";
      if (named) context.fillText(short(context, labels[i], left - 10), left - 8, y + high / 2);
      else if (i % 20 === 0) context.fillText(String(row.first), left - 8, y + Math.min(6, high));
      context.textAlign = "left";
      exercises.forEach((_, j) => cell(context, row, j, left + j * wide, y, single && high >= 12));
    });
    if (at) {
      context.strokeStyle = ink; context.lineWidth = 2;
      context.strokeRect(left + at.column * wide, head + at.row * high, wide, high);
    }
  }

  function cell(context, row, j, x, y, marked) {
    const gap = size.high > 8 ? 1 : 0.5;
    let from = x + 0.5;
    for (const letter of "pafbs") {
      const share = row.who.filter(one => one[2][j] === letter).length / row.who.length;
      context.fillStyle = COLORS[letter];
      context.fillRect(from, y + gap / 2, share * (size.wide - 1), size.high - gap);
      from += share * (size.wide - 1);
    }
    if (!marked) return;
    context.fillStyle = INKS[row.who[0][2][j]]; context.textAlign = "center";
    context.fillText(MARKS[row.who[0][2][j]], x + size.wide / 2, y + size.high / 2 + 0.5);
    context.textAlign = "left";
  }

  function short(context, text, room) {
    if (context.measureText(text).width <= room) return text;
    let kept = text;
    while (kept && context.measureText(kept + "…").width > room) kept = kept.slice(0, -1);
    return kept + "…";
  }

  function say() {
    if (!at) return;
    const row = rows[at.row], exercise = exercises[at.column];
    if (row.who.length === 1) {
      const [name, score, letters] = row.who[0];
      readout.textContent = `${name}, ${score} of ${max} points. ${exercise}: ${WORDS[letters[at.column]]}.`;
      return;
    }
    const counts = [..."pafbs"].map(letter => [row.who.filter(one => one[2][at.column] === letter).length, WORDS[letter]]);
    const parts = counts.filter(([count]) => count).map(([count, word]) => `${count} ${word}`);
    const names = row.who.slice(0, 4).map(one => one[0]).join(", ");
    readout.textContent = `Rows ${row.first} to ${row.first + row.who.length - 1} (${names}${row.who.length > 4 ? ", …" : ""}). ${exercise}: ${parts.join(", ")}.`;
  }

  function go(row, column) {
    at = { row: Math.max(0, Math.min(rows.length - 1, row)), column: Math.max(0, Math.min(exercises.length - 1, column)) };
    draw(); say();
  }

  function under(event) {
    const box = canvas.getBoundingClientRect();
    return [Math.floor((event.clientY - box.top - size.head) / size.high), Math.floor((event.clientX - box.left - size.left) / size.wide)];
  }

  function orderBy(column) {
    byExercise = byExercise === column ? -1 : column;
    arrange(); draw();
    readout.textContent = byExercise < 0 ? "Sorted by score." : `Sorted by ${exercises[column]}.`;
  }

  canvas.addEventListener("mousemove", event => {
    const [row, column] = under(event);
    if (row < 0 || row >= rows.length || column < 0 || column >= exercises.length) return;
    if (!at || at.row !== row || at.column !== column) go(row, column);
  });
  canvas.addEventListener("click", event => {
    const box = canvas.getBoundingClientRect(), up = size.head - (event.clientY - box.top);
    // The labels are slanted to the right; 0.7 is the tangent of their angle.
    const column = Math.floor((event.clientX - box.left - size.left - Math.max(0, up) * 0.7) / size.wide);
    if (up > 0 && column >= 0 && column < exercises.length) orderBy(column);
  });
  canvas.addEventListener("focus", () => { if (!at) go(0, 0); });
  canvas.addEventListener("keydown", event => {
    const { row, column } = at || { row: 0, column: 0 };
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-10, 0], PageDown: [10, 0] }[event.key];
    if (step) go(row + step[0], column + step[1]);
    else if (event.key === "Home") go(0, column);
    else if (event.key === "End") go(rows.length - 1, column);
    else if (event.key === "Enter") orderBy(column);
    else return;
    event.preventDefault();
  });
  order.addEventListener("change", () => { byExercise = -1; at = null; arrange(); draw(); });
  find.addEventListener("input", () => {
    const text = find.value.trim().toLowerCase();
    const found = text ? students.filter(one => one[0].toLowerCase().includes(text)) : [];
    if (found.length === 1 || (found.length && found[0][0].toLowerCase() === text)) {
      const row = rows.findIndex(one => one.who.includes(found[0])), one = found[0];
      const open = exercises.filter((_, j) => one[2][j] !== "p");
      at = { row, column: at ? at.column : 0 };
      draw();
      readout.textContent = `${one[0]}, ${one[1]} of ${max} points. ` + (open.length ? `Wrong or partly right: ${open.join(", ")}.` : "Everything is right.");
    } else {
      readout.textContent = text ? `${found.length} students: ${found.slice(0, 12).map(one => one[0]).join(", ")}${found.length > 12 ? ", …" : ""}` : "";
    }
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(draw).observe(canvas.parentElement);
  // Print dark on white, even if the screen is in dark mode.
  for (const [name, begins] of [["beforeprint", true], ["afterprint", false]]) {
    window.addEventListener(name, () => { printing = begins; at = null; draw(); });
  }
  arrange(); draw();
})();
