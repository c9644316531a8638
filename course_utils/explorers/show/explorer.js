// Draws an explorer: its controls and its scene. Scenes are computed in Python, live or recorded.

const COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "currentColor"];
const FONT = "13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
const PLAY_SECONDS = 4;
const PATIENCE_SECONDS = 3;
const UNANSWERED = "No answer yet: the kernel is busy. If it was restarted, run the cells above, then this one again.";
let mounted = 0;

// --- Axes -----------------------------------------------------------------------------------------------------------

function ticksOf(axis) {
  if (axis.scale === "log") return logTicks(axis.low, axis.high);
  const rough = (axis.high - axis.low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const ticks = [];
  for (let i = Math.ceil(axis.low / step - 1e-9); i * step <= axis.high + 1e-9 * step; i += 1) ticks.push(i * step);
  return ticks;
}

function logTicks(low, high) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first) / 6));
  const ticks = [];
  for (let power = first; power <= last; power += every) ticks.push(10 ** power);
  return ticks;
}

const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

function written(value, axis) {
  if (axis.scale === "log" && (value < 0.01 || value > 1000)) {
    const power = String(Math.round(Math.log10(value)));
    return "10" + [...power].map((digit) => SUPERSCRIPTS[digit]).join("");
  }
  return String(Number(value.toPrecision(6))).replace("-", "−");
}

function scaleOf(axis, from, to) {
  const f = axis.scale === "log" ? Math.log10 : (v) => v;
  const low = f(axis.low);
  const high = f(axis.high);
  return (value) => from + ((f(value) - low) / (high - low)) * (to - from);
}

// --- Marks ----------------------------------------------------------------------------------------------------------

const isPoint = (x, y) => x !== null && y !== null && Number.isFinite(x) && Number.isFinite(y);
// Coordinates that are too large overflow a canvas; clipped, lines still go in about the right direction.
const near = (value) => Math.max(-20000, Math.min(20000, value));

function strokeLine(ctx, xs, ys, place, upTo) {
  let open = false;
  const whole = Math.floor(upTo);
  ctx.beginPath();
  for (let i = 0; i < xs.length && i <= whole; i += 1) {
    if (!isPoint(xs[i], ys[i])) {
      open = false;
      continue;
    }
    const [x, y] = place(xs[i], ys[i]);
    if (open) ctx.lineTo(near(x), near(y));
    else ctx.moveTo(near(x), near(y));
    open = true;
  }
  ctx.stroke();
}

const marks = {
  contours(ctx, mark, place) {
    ctx.globalAlpha = 0.3;
    ctx.lineWidth = 1;
    for (const [xs, ys] of mark.lines) strokeLine(ctx, xs, ys, place, xs.length);
  },
  line(ctx, mark, place, time) {
    const upTo = mark.grows ? time * (mark.x.length - 1) : mark.x.length - 1;
    ctx.lineWidth = mark.width;
    ctx.setLineDash(mark.dashed ? [7, 5] : []);
    strokeLine(ctx, mark.x, mark.y, place, upTo);
    ctx.setLineDash([]);
    if (mark.dots) {
      for (let i = 0; i <= Math.floor(upTo); i += 1) dot(ctx, mark.x[i], mark.y[i], place, 2.6);
    }
    if (mark.grows) dot(ctx, mark.x[Math.floor(upTo)], mark.y[Math.floor(upTo)], place, 5);
  },
  points(ctx, mark, place) {
    mark.x.forEach((x, i) => {
      if (isPoint(x, mark.y[i])) shape(ctx, mark.shape, ...place(x, mark.y[i]), mark.size / 2);
    });
  },
  bars(ctx, mark, place) {
    ctx.globalAlpha = 0.6;
    mark.heights.forEach((height, i) => {
      if (height === null) return;
      const [left, top] = place(mark.edges[i], height);
      const [right, bottom] = place(mark.edges[i + 1], 0);
      ctx.fillRect(left, top, right - left, bottom - top);
    });
  },
};

function dot(ctx, x, y, place, radius) {
  if (!isPoint(x, y)) return;
  const [px, py] = place(x, y);
  ctx.beginPath();
  ctx.arc(near(px), near(py), radius, 0, 2 * Math.PI);
  ctx.fill();
}

function shape(ctx, name, x, y, radius) {
  ctx.beginPath();
  if (name === "square") ctx.rect(x - radius, y - radius, 2 * radius, 2 * radius);
  else if (name === "cross") {
    ctx.lineWidth = 2;
    for (const sign of [1, -1]) {
      ctx.moveTo(x - radius, y - sign * radius);
      ctx.lineTo(x + radius, y + sign * radius);
    }
    ctx.stroke();
    return;
  } else if (name === "star") {
    for (let i = 0; i < 10; i += 1) {
      const r = i % 2 ? radius * 0.45 : radius;
      const angle = (Math.PI * i) / 5 - Math.PI / 2;
      ctx.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle));
    }
    ctx.closePath();
  } else ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

// --- A panel --------------------------------------------------------------------------------------------------------

function sizeOf(panel, width) {
  const inner = width - 64;
  if (!panel.equal) return { width, height: Math.round(Math.min(330, Math.max(220, width * 0.62))) };
  const ratio = (panel.y.high - panel.y.low) / (panel.x.high - panel.x.low);
  return { width, height: Math.round(Math.min(380, Math.max(150, inner * ratio + 52))) };
}

function frameOf(panel, size) {
  const frame = { left: 58, right: size.width - 16, top: 8, bottom: size.height - 44 };
  if (panel.equal) {
    // Same scale for both axes: shrink the longer side.
    const perX = (frame.right - frame.left) / (panel.x.high - panel.x.low);
    const perY = (frame.bottom - frame.top) / (panel.y.high - panel.y.low);
    const scale = Math.min(perX, perY);
    frame.right = frame.left + scale * (panel.x.high - panel.x.low);
    frame.top = frame.bottom - scale * (panel.y.high - panel.y.low);
  }
  return frame;
}

function drawAxes(ctx, panel, frame, x, y) {
  ctx.font = FONT;
  ctx.lineWidth = 1;
  ctx.textBaseline = "top";
  ctx.textAlign = "center";
  for (const tick of ticksOf(panel.x)) {
    gridLine(ctx, x(tick), frame.top, x(tick), frame.bottom);
    ctx.fillText(written(tick, panel.x), x(tick), frame.bottom + 5);
  }
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  for (const tick of ticksOf(panel.y)) {
    gridLine(ctx, frame.left, y(tick), frame.right, y(tick));
    ctx.fillText(written(tick, panel.y), frame.left - 6, y(tick));
  }
  ctx.strokeRect(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  ctx.fillText(panel.x.label, (frame.left + frame.right) / 2, frame.bottom + 42);
  ctx.save();
  ctx.translate(2, (frame.top + frame.bottom) / 2);
  ctx.rotate(-Math.PI / 2);
  ctx.textBaseline = "top";
  // A label that is longer than the picture is high is drawn narrower.
  ctx.fillText(panel.y.label, 0, 0, frame.bottom - frame.top + 40);
  ctx.restore();
}

function gridLine(ctx, x0, y0, x1, y1) {
  ctx.globalAlpha = 0.15;
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
  ctx.globalAlpha = 1;
}

function pixelsOf(panel) {
  return panel.marks.find((mark) => mark.mark === "pixels");
}

function drawPanel(canvas, panel, width, time) {
  if (pixelsOf(panel)) return;
  const size = sizeOf(panel, width);
  const density = window.devicePixelRatio || 1;
  canvas.width = size.width * density;
  canvas.height = size.height * density;
  canvas.style.height = `${size.height}px`;
  const ctx = canvas.getContext("2d");
  ctx.scale(density, density);
  const ink = getComputedStyle(canvas).color;
  ctx.strokeStyle = ink;
  ctx.fillStyle = ink;
  const frame = frameOf(panel, size);
  const x = scaleOf(panel.x, frame.left, frame.right);
  const y = scaleOf(panel.y, frame.bottom, frame.top);
  drawAxes(ctx, panel, frame, x, y);
  ctx.beginPath();
  ctx.rect(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
  ctx.clip();
  for (const mark of panel.marks) {
    ctx.save();
    const color = mark.color === undefined ? ink : colorOf(mark.color, ink);
    ctx.strokeStyle = color;
    ctx.fillStyle = color;
    marks[mark.mark](ctx, mark, (a, b) => [x(a), y(b)], time);
    ctx.restore();
  }
}

function colorOf(number, ink) {
  const color = COLORS[number % COLORS.length];
  return color === "currentColor" ? ink : color;
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function legendOf(panel) {
  const list = make("ul", { class: "explorer-legend" });
  for (const mark of panel.marks.filter((one) => one.label)) {
    list.append(make("li", {}, make("canvas", { width: 52, height: 24, "aria-hidden": "true" }), mark.label));
  }
  return list;
}

function drawSwatch(canvas, mark) {
  const ctx = canvas.getContext("2d");
  ctx.setTransform(2, 0, 0, 2, 0, 0);
  ctx.clearRect(0, 0, 26, 12);
  ctx.strokeStyle = colorOf(mark.color, getComputedStyle(canvas).color);
  ctx.fillStyle = ctx.strokeStyle;
  if (mark.mark === "points") shape(ctx, mark.shape, 13, 6, 5);
  else if (mark.mark === "bars") ctx.fillRect(4, 2, 18, 8);
  else {
    ctx.lineWidth = mark.width;
    ctx.setLineDash(mark.dashed ? [7, 5] : []);
    ctx.beginPath();
    ctx.moveTo(0, 6);
    ctx.lineTo(26, 6);
    ctx.stroke();
  }
}

// --- The explorer ---------------------------------------------------------------------------------------------------

/**
 * Put an explorer into `element`.
 *
 * explorer: its title and controls. recording: recorded scenes, or null.
 * ask: called with the positions of all controls to get a live scene, or null if there is no kernel.
 * Returns `answer({scene, live, message})`, which shows a scene, `record(recording)`, `tell(message)`, and `close()`.
 */
export function mount(element, { explorer, recording, ask }) {
  const id = `explorer-${(mounted += 1)}`;
  const positions = {};
  let scene = null;
  let live = ask !== null;
  let time = 1;
  let frame = 0;

  const pictures = make("div", { class: "explorer-pictures" });
  const note = make("p", { class: "explorer-note", "aria-live": "polite" });
  const message = make("p", { class: "explorer-message" });
  const inputs = make("div", { class: "explorer-controls" });
  const play = make("button", { type: "button" }, "Play");
  const reset = make("button", { type: "button" }, "Reset");
  const clock = make("input", { type: "range", min: 0, max: 1, step: "any", value: 1, "aria-label": "Steps shown" });
  const player = make("span", { class: "explorer-player" }, play, clock);
  const buttons = make("div", { class: "explorer-buttons" }, player, reset);
  // Not a heading element: the panel does not know the level of the heading above it.
  const title = make("p", { id: `${id}-title`, class: "explorer-title" }, explorer.title);
  const body = make("section", { class: "explorer", "aria-labelledby": `${id}-title` });
  body.append(title, message, inputs, pictures, buttons, note);
  element.replaceChildren(body);

  const controls = explorer.controls.map((control) => {
    const one = control.kind === "choice" ? choice(control, id) : slider(control, id);
    one.input.addEventListener("input", () => moved(control.name, Number(one.input.value)));
    inputs.append(one.row);
    return { control, ...one };
  });

  function tell(words) {
    message.textContent = words || "";
    message.hidden = !words;
  }

  function place(name, position) {
    positions[name] = position;
    controls.find((one) => one.control.name === name).show(position);
  }

  function moved(name, position) {
    stop();
    time = 1;
    if (live) {
      place(name, position);
      ask({ ...positions });
      return;
    }
    // A recording has scenes with only one control moved: reset the others.
    for (const { control } of controls) place(control.name, control.name === name ? position : control.start);
    if (recording) show(recordedScene(recording, recording.sweeps[name][position]));
  }

  function toStart() {
    stop();
    time = 1;
    for (const { control } of controls) place(control.name, control.start);
    if (live) ask({ ...positions });
    else show(recording && recording.start);
  }

  function show(next) {
    scene = next;
    if (!scene) return;
    if (pictures.children.length !== scene.panels.length) pictures.replaceChildren(...scene.panels.map(figure));
    scene.panels.forEach((panel, i) => {
      const [caption, image, canvas, legend] = pictures.children[i].children;
      const pixels = pixelsOf(panel);
      caption.textContent = panel.title;
      image.hidden = !pixels;
      canvas.hidden = Boolean(pixels);
      if (pixels) image.src = `data:image/png;base64,${pixels.png}`;
      image.alt = `${panel.title}. ${scene.note}`;
      canvas.setAttribute("aria-label", image.alt);
      legend.replaceWith(legendOf(panel));
    });
    note.textContent = scene.note;
    player.hidden = !scene.panels.some((panel) => panel.marks.some((mark) => mark.grows));
    draw();
  }

  function draw() {
    if (!scene) return;
    scene.panels.forEach((panel, i) => {
      const [, , canvas, legend] = pictures.children[i].children;
      const width = pictures.children[i].clientWidth;
      if (width > 0) drawPanel(canvas, panel, width, time);
      const labelled = panel.marks.filter((one) => one.label);
      legend.querySelectorAll("canvas").forEach((swatch, j) => drawSwatch(swatch, labelled[j]));
    });
    clock.value = time;
    body.dataset.drawn = String(Number(body.dataset.drawn || 0) + 1);
  }

  function run(from) {
    play.textContent = "Pause";
    const begun = performance.now() - from * PLAY_SECONDS * 1000;
    const tick = (now) => {
      time = Math.min(1, Math.max(0, (now - begun) / (PLAY_SECONDS * 1000)));
      draw();
      if (time < 1) frame = requestAnimationFrame(tick);
      else stop();
    };
    frame = requestAnimationFrame(tick);
  }

  function stop() {
    cancelAnimationFrame(frame);
    frame = 0;
    play.textContent = "Play";
  }

  play.addEventListener("click", () => {
    if (frame) stop();
    else run(time < 1 ? time : 0);
  });
  reset.addEventListener("click", toStart);
  clock.addEventListener("input", () => {
    stop();
    time = Number(clock.value);
    draw();
  });
  for (const { control } of controls) place(control.name, control.start);
  // JupyterLab takes the arrow keys for itself, unless the element that has the focus says this.
  for (const one of body.querySelectorAll("input, select, button")) one.dataset.lmSuppressShortcuts = "true";
  const watcher = new ResizeObserver(draw);
  watcher.observe(pictures);
  // JupyterLab and the site change these attributes when the theme changes between light and dark.
  const themes = new MutationObserver(draw);
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-theme"] });
  // The system's theme, and printing, for which the page is white.
  const media = ["(prefers-color-scheme: dark)", "print"].map((query) => window.matchMedia(query));
  for (const one of media) one.addEventListener("change", draw);

  return {
    answer(answer) {
      live = ask !== null && answer.live;
      tell(answer.message);
      if (answer.scene) show(answer.scene);
    },
    tell,
    record(fresh) {
      recording = fresh;
    },
    close() {
      stop();
      watcher.disconnect();
      themes.disconnect();
      for (const one of media) one.removeEventListener("change", draw);
    },
  };
}

function recordedScene(recording, scene) {
  if (!scene) return recording.start;
  const whole = (mark, i, j) => (mark.mark === "same" ? recording.start.panels[i].marks[j] : mark);
  const panels = scene.panels.map((panel, i) => ({ ...panel, marks: panel.marks.map((mark, j) => whole(mark, i, j)) }));
  return { ...scene, panels };
}

function figure(panel) {
  const shown = [make("img", { class: "explorer-pixels" }), make("canvas", { role: "img" })];
  const kind = pixelsOf(panel) ? "explorer-image" : "explorer-chart";
  return make("figure", { class: kind }, make("figcaption", {}, panel.title), ...shown, legendOf(panel));
}

function slider(control, id) {
  const key = `${id}-${control.name}`;
  const input = make("input", { id: key, type: "range", min: 0, max: control.labels.length - 1, step: 1 });
  const output = make("output", { for: key });
  const row = make("div", { class: "explorer-control" }, make("label", { for: key }, control.says), input, output);
  const show = (position) => {
    input.value = position;
    input.setAttribute("aria-valuetext", control.labels[position]);
    output.textContent = control.labels[position];
  };
  return { input, row, show };
}

function choice(control, id) {
  const key = `${id}-${control.name}`;
  const input = make("select", { id: key });
  control.labels.forEach((label, i) => input.append(make("option", { value: i }, label)));
  const row = make("div", { class: "explorer-control" }, make("label", { for: key }, control.says), input);
  return { input, row, show: (position) => { input.value = position; } };
}

// --- In a notebook --------------------------------------------------------------------------------------------------

function render({ model, el }) {
  let number = 0;
  let waiting = false;
  let next = null;
  let patience = 0;
  const send = (positions) => {
    waiting = true;
    // A kernel that was restarted does not know this panel and never answers.
    patience = setTimeout(() => view.tell(UNANSWERED), PATIENCE_SECONDS * 1000);
    number += 1;
    model.set("asked", { number, positions });
    model.save_changes();
  };
  // One question at a time; of the questions that come while waiting, only the last one is sent.
  const ask = (positions) => {
    if (waiting) next = positions;
    else send(positions);
  };
  const view = mount(el, { explorer: model.get("explorer"), recording: model.get("recording"), ask });
  const answered = () => {
    waiting = false;
    clearTimeout(patience);
    view.answer(model.get("answered"));
    if (next) {
      send(next);
      next = null;
    }
  };
  const rerecorded = () => view.record(model.get("recording"));
  model.on("change:answered", answered);
  model.on("change:recording", rerecorded);
  view.answer(model.get("answered"));
  return () => {
    clearTimeout(patience);
    model.off("change:answered", answered);
    model.off("change:recording", rerecorded);
    view.close();
  };
}

export default { render };
