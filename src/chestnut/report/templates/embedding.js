"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { x, y, label, decision, probability, picture, image, patient } = data.dots;
  const map = document.getElementById("map");
  const sheet = document.getElementById("sheet");
  const shown = document.getElementById("picture");
  const facts = document.getElementById("facts");
  const none = document.getElementById("none");
  const legend = document.getElementById("legend");
  const pen = map.getContext("2d");
  const range = (values) => [Math.min(...values), Math.max(...values)];
  const [left, right] = range(x);
  const [bottom, top] = range(y);
  const margin = 16;
  let colour = data.colours[0];
  let hidden = new Set();
  let chosen = -1;
  let kept = false;

  const size = () => Math.min(6, Math.max(2.5, 160 / Math.sqrt(x.length)));
  const across = (dot) => margin + ((x[dot] - left) / (right - left || 1)) * (map.clientWidth - 2 * margin);
  const down = (dot) => margin + ((top - y[dot]) / (top - bottom || 1)) * (map.clientHeight - 2 * margin);
  const isShown = (dot) => !hidden.has(colour.codes[dot]);

  function paint(code) {
    const grey = code < 0 || (colour.name === "error" && code === 0);
    const name = grey ? "--unknown" : `--c${code % 6}`;
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  // A circle, square, triangle or diamond: six groups have the same mark, and the next six another one
  function outline(code, cx, cy, r) {
    const kind = code < 0 ? 0 : Math.floor(code / 6) % 4;
    const path = new Path2D();
    if (kind === 0) path.arc(cx, cy, r, 0, 2 * Math.PI);
    if (kind === 1) path.rect(cx - r, cy - r, 2 * r, 2 * r);
    if (kind > 1) {
      path.moveTo(cx, cy - 1.3 * r);
      path.lineTo(cx + 1.2 * r, kind === 2 ? cy + r : cy);
      if (kind === 3) path.lineTo(cx, cy + 1.3 * r);
      path.lineTo(cx - 1.2 * r, kind === 2 ? cy + r : cy);
      path.closePath();
    }
    return path;
  }

  function draw() {
    const scale = window.devicePixelRatio || 1;
    map.width = Math.round(map.clientWidth * scale);
    map.height = Math.round(map.clientHeight * scale);
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    const paints = new Map();
    pen.globalAlpha = 0.75;
    for (const dot of colour.order) {
      if (!isShown(dot)) continue;
      const code = colour.codes[dot];
      if (!paints.has(code)) paints.set(code, paint(code));
      pen.fillStyle = paints.get(code);
      pen.fill(outline(code, across(dot), down(dot), size()));
    }
    pen.globalAlpha = 1;
    if (chosen >= 0 && isShown(chosen)) {
      pen.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
      pen.lineWidth = 2;
      pen.fillStyle = paint(colour.codes[chosen]);
      const ring = outline(colour.codes[chosen], across(chosen), down(chosen), size() + 3);
      pen.fill(ring);
      pen.stroke(ring);
    }
  }

  function add(name, value, kind) {
    const term = document.createElement("dt");
    const text = document.createElement("dd");
    term.textContent = name;
    text.textContent = value;
    if (kind) text.className = kind;
    facts.append(term, text);
  }

  function drawPicture(dot) {
    const brush = shown.getContext("2d");
    brush.clearRect(0, 0, shown.width, shown.height);
    const place = dot < 0 ? -1 : picture[dot];
    if (place >= 0) {
      const side = data.sheet.side;
      const from = [side * (place % data.sheet.columns), side * Math.floor(place / data.sheet.columns)];
      brush.drawImage(sheet, ...from, side, side, 0, 0, shown.width, shown.height);
    }
    return place >= 0;
  }

  function choose(dot) {
    if (dot === chosen) return;
    chosen = dot;
    facts.replaceChildren();
    const drawn = drawPicture(dot);
    none.hidden = drawn;
    if (dot < 0) {
      none.textContent = "Point at a dot, tap it, or press an arrow key on the map to see its image as the network sees it.";
      shown.setAttribute("aria-label", "No image chosen");
    } else {
      const right = label[dot] === decision[dot];
      if (!drawn) none.textContent = "This dot has no picture on this page.";
      shown.setAttribute("aria-label", `${drawn ? "" : "No picture of "}${image[dot]}, ${data.classes[label[dot]]}`);
      add("Image", image[dot]);
      if (patient[dot]) add("Patient", patient[dot]);
      add("Truth", data.classes[label[dot]]);
      add("Decision", data.classes[decision[dot]] + (right ? "" : ", wrong"), right ? "" : "wrong");
      add("Probability", `${probability[dot].toFixed(3)} of ${data.classes[decision[dot]]}`);
      for (const one of data.colours.slice(2)) {
        add(one.name, one.codes[dot] < 0 ? "not known" : one.labels[one.codes[dot]]);
      }
    }
    draw();
  }

  function nearest(px, py) {
    let best = -1;
    let reach = 18 ** 2;
    for (let dot = 0; dot < x.length; dot += 1) {
      if (!isShown(dot)) continue;
      const apart = (across(dot) - px) ** 2 + (down(dot) - py) ** 2;
      if (apart < reach) [best, reach] = [dot, apart];
    }
    return best;
  }

  // The nearest dot in a direction; what lies aside of it counts as three times as far
  function next(dx, dy) {
    let best = -1;
    let reach = Infinity;
    for (let dot = 0; dot < x.length; dot += 1) {
      if (dot === chosen || !isShown(dot)) continue;
      const [h, v] = [across(dot) - across(chosen), down(dot) - down(chosen)];
      const ahead = h * dx + v * dy;
      const aside = Math.abs(h * dy) + Math.abs(v * dx);
      if (ahead > 0 && ahead + 3 * aside < reach) [best, reach] = [dot, ahead + 3 * aside];
    }
    return best < 0 ? chosen : best;
  }

  function end(sign) {
    const dots = colour.order.filter(isShown);
    return dots.length ? dots.reduce((one, other) => (sign * x[other] < sign * x[one] ? other : one)) : -1;
  }

  function showLegend() {
    legend.replaceChildren();
    const codes = [...colour.labels.keys(), -1].filter((code) => colour.codes.includes(code));
    for (const code of codes) {
      const button = document.createElement("button");
      const count = colour.codes.filter((one) => one === code).length;
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      const mark = document.createElement("canvas");
      [mark.width, mark.height] = [28, 28];
      mark.style.width = mark.style.height = "14px";
      mark.dataset.code = code;
      button.append(mark, `${code < 0 ? "not known" : colour.labels[code]} (${count.toLocaleString("en")})`);
      button.addEventListener("click", () => {
        if (!hidden.delete(code)) hidden.add(code);
        button.setAttribute("aria-pressed", String(!hidden.has(code)));
        if (chosen >= 0 && !isShown(chosen)) choose(-1);
        draw();
      });
      legend.append(button);
    }
    paintMarks();
  }

  function paintMarks() {
    for (const mark of legend.querySelectorAll("canvas")) {
      const brush = mark.getContext("2d");
      const code = Number(mark.dataset.code);
      brush.clearRect(0, 0, 28, 28);
      brush.fillStyle = paint(code);
      brush.fill(outline(code, 14, 14, 10));
    }
  }

  for (const button of document.querySelectorAll("[data-colour]")) {
    button.addEventListener("click", () => {
      for (const other of document.querySelectorAll("[data-colour]")) other.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-pressed", "true");
      colour = data.colours[Number(button.dataset.colour)];
      hidden = new Set();
      showLegend();
      draw();
    });
  }
  map.addEventListener("pointermove", (event) => {
    if (!kept && event.pointerType !== "touch") choose(nearest(event.offsetX, event.offsetY));
  });
  map.addEventListener("click", (event) => {
    const dot = nearest(event.offsetX, event.offsetY);
    kept = dot >= 0;
    choose(dot);
  });
  map.addEventListener("pointerleave", () => {
    if (!kept) choose(-1);
  });
  map.addEventListener("keydown", (event) => {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    let dot = chosen;
    if (event.key === "Escape") dot = -1;
    else if (event.key === "Home" || (way && chosen < 0)) dot = end(1);
    else if (event.key === "End") dot = end(-1);
    else if (way) dot = next(...way);
    else return;
    event.preventDefault();
    kept = dot >= 0;
    choose(dot);
  });
  window.addEventListener("resize", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    paintMarks();
    draw();
  });
  showLegend();
  draw();
})();
