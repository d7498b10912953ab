// Draws the timeline, follows the recording and lets the reader move in it. No library, no network.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const media = document.getElementById("media");
  const timeline = document.getElementById("timeline");
  if (!timeline) return;
  const tracks = document.getElementById("tracks");
  const playhead = document.getElementById("playhead");
  const hint = document.getElementById("hint");
  const BANDS = 96, STRIP = 12, FACE = 6;
  const last = Math.max(0, ...data.dimensions.map((d) => d.end[d.end.length - 1]));
  const duration = Math.max(data.duration, last, 0.001);
  const shortest = Math.min(duration, 5);
  const view = { start: 0, length: duration };
  let now = 0, playable = true, dragging = false;

  const clock = (t, fine) => {
    const whole = Math.floor(t + 1e-6), h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, s = whole % 60;
    const two = (n) => String(n).padStart(2, "0");
    const tenth = fine ? "." + Math.floor((t + 1e-6 - whole) * 10) : "";
    return (h ? h + ":" + two(m) : m) + ":" + two(s) + tenth;
  };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const element = (name, parent, className) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    parent.append(made);
    return made;
  };

  // The last moment that began at or before t, -1 before the first: moments are in order of time.
  const before = (d, t) => {
    let low = 0, high = d.start.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (d.start[middle] <= t) low = middle + 1; else high = middle;
    }
    return low - 1;
  };
  // Mean of the moments that touch [from, to): one pixel may hold many of them.
  const summary = (d, from, to) => {
    const p = [0, 0, 0];
    let face = 0, count = 0, level = -1;
    for (let k = Math.max(0, before(d, from)); k < d.start.length && d.start[k] < to; k++) {
      if (d.end[k] <= from) continue;
      for (let c = 0; c < 3; c++) p[c] += d.p[k][c];
      face += d.face[k];
      level = d.level[k];
      count++;
    }
    if (!count) return null;
    for (let c = 0; c < 3; c++) p[c] /= count;
    return { p, face: face / count, level: count === 1 ? level : p.indexOf(Math.max(...p)) };
  };
  const at = (d, t) => {
    const inside = t >= d.end[d.end.length - 1] && t >= duration - 1e-6 ? d.end[d.end.length - 1] - 1e-6 : t;
    return summary(d, inside, inside + 1e-6);
  };

  const faces = data.faces.length ? element("div", tracks) : null;
  if (faces) faces.id = "faces";
  const charts = data.dimensions.map((d) => {
    const track = element("div", tracks, "track");
    element("p", track, "label").textContent = d.name;
    return { d, canvas: element("canvas", track) };
  });
  const axis = element("canvas", tracks);

  const prepare = (canvas, height) => {
    const width = tracks.clientWidth, ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = height + "px";
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    return { pen, width };
  };
  const drawChart = ({ d, canvas }) => {
    const { pen, width } = prepare(canvas, BANDS + STRIP + FACE + 6);
    const colours = data.levels.map(colour), quiet = colour("quiet");
    pen.fillStyle = colour("shade");
    pen.fillRect(0, 0, width, BANDS);
    for (let x = 0; x < width; x++) {
      const one = summary(d, view.start + (x / width) * view.length, view.start + ((x + 1) / width) * view.length);
      if (!one) continue;
      let base = BANDS;
      for (let c = 0; c < 3; c++) {
        const height = one.p[c] * BANDS;
        pen.fillStyle = colours[c];
        pen.fillRect(x, base - height, 1, height);
        base -= height;
      }
      pen.fillStyle = colours[one.level];
      pen.fillRect(x, BANDS + 3, 1, STRIP);
      if (one.face < 0.5) {
        pen.fillStyle = quiet;
        pen.fillRect(x, BANDS + STRIP + 6, 1, FACE);
      }
    }
    pen.strokeStyle = colour("paper");
    pen.globalAlpha = 0.6;
    pen.setLineDash([2, 4]);
    pen.beginPath();
    pen.moveTo(0, BANDS / 2);
    pen.lineTo(width, BANDS / 2);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  };
  const drawAxis = () => {
    const { pen, width } = prepare(axis, 22);
    const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
    const step = steps.find((s) => (s / view.length) * width >= 70) || 28800;
    pen.font = "12px system-ui, sans-serif";
    pen.fillStyle = colour("quiet");
    pen.strokeStyle = colour("line");
    for (let t = Math.ceil(view.start / step - 1e-9) * step; t <= view.start + view.length + 1e-9; t += step) {
      const x = ((t - view.start) / view.length) * width, text = clock(t, step < 1);
      const half = pen.measureText(text).width / 2;
      pen.beginPath();
      pen.moveTo(x, 0);
      pen.lineTo(x, 5);
      pen.stroke();
      pen.fillText(text, Math.min(Math.max(x - half, 0), width - 2 * half), 18);
    }
  };
  const drawFaces = () => {
    if (!faces) return;
    faces.replaceChildren();
    const width = tracks.clientWidth;
    let free = -Infinity;
    for (const face of data.faces) {
      const place = ((face.time - view.start) / view.length) * width;
      const x = Math.min(Math.max(place, 24), width - 24);
      if (place < 0 || place > width || x < free) continue;
      free = x + 52;
      const image = element("img", faces);
      image.src = face.image;
      image.alt = "face at " + clock(face.time);
      image.style.left = x + "px";
      image.draggable = false;
    }
  };
  const draw = () => {
    charts.forEach(drawChart);
    drawAxis();
    drawFaces();
    place();
  };

  const panel = document.getElementById("now");
  const time = element("div", panel, "time");
  const list = element("dl", panel);
  const rows = data.dimensions.map((d) => {
    element("dt", list).textContent = d.name;
    const words = element("dd", list), bar = element("dd", list), strip = element("span", bar, "bar");
    return { d, words, parts: data.levels.map((level) => element("i", strip, level)) };
  });
  const place = () => {
    const share = (now - view.start) / view.length;
    playhead.hidden = share < 0 || share > 1;
    playhead.style.left = 100 * share + "%";
    time.textContent = clock(now, true);
    for (const { d, words, parts } of rows) {
      const one = at(d, now);
      words.textContent = one ? data.levels[one.level] + " " + one.p[one.level].toFixed(2) : "not judged";
      parts.forEach((part, c) => { part.style.width = one ? 100 * one.p[c] + "%" : "0"; });
    }
    timeline.setAttribute("aria-valuenow", now.toFixed(1));
    timeline.setAttribute("aria-valuetext", clock(now, true) + rows.map(({ d, words }) => ", " + d.name + " " + words.textContent).join(""));
  };
  const show = (start, length) => {
    view.length = Math.min(Math.max(length, shortest), duration);
    view.start = Math.min(Math.max(start, 0), duration - view.length);
    draw();
  };
  const keepInView = () => {
    if (now < view.start || now > view.start + view.length) show(now - view.length * 0.1, view.length);
    else place();
  };
  const seek = (t) => {
    now = Math.min(Math.max(t, 0), duration);
    if (playable && media.readyState > 0) media.currentTime = now;
    keepInView();
  };
  const timeAt = (event) => {
    const box = tracks.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    return view.start + share * view.length;
  };
  const zoom = (factor, centre) => show(centre - (centre - view.start) * factor, view.length * factor);

  timeline.addEventListener("pointerdown", (event) => {
    dragging = true;
    timeline.setPointerCapture(event.pointerId);
    seek(timeAt(event));
  });
  timeline.addEventListener("pointermove", (event) => {
    const t = timeAt(event);
    if (dragging) seek(t);
    const lines = data.dimensions.map((d) => {
      const one = at(d, t);
      if (!one) return d.name + ": not judged";
      const p = data.levels.map((level, c) => level + " " + one.p[c].toFixed(2)).join("  ");
      return d.name + ": " + p + (one.face < 0.5 ? "  (no face)" : "");
    });
    hint.textContent = [clock(t, true), ...lines].join("\n");
    hint.hidden = false;
    const box = timeline.getBoundingClientRect(), x = event.clientX - box.left;
    hint.style.left = Math.max(0, Math.min(x + 14, box.width - hint.offsetWidth)) + "px";
  });
  for (const name of ["pointerup", "pointercancel"]) timeline.addEventListener(name, () => { dragging = false; });
  timeline.addEventListener("pointerleave", () => { hint.hidden = true; });
  timeline.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(event));
  }, { passive: false });
  timeline.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 1;
    const moves = { ArrowLeft: now - step, ArrowRight: now + step, ArrowDown: now - step, ArrowUp: now + step, Home: 0, End: duration };
    if (event.key in moves) seek(moves[event.key]);
    else if (event.key === " " && playable) media.paused ? media.play().catch(fail) : media.pause();
    else if (event.key === "+") zoom(0.5, now);
    else if (event.key === "-") zoom(2, now);
    else return;
    event.preventDefault();
  });
  document.getElementById("zoom-in").addEventListener("click", () => zoom(0.5, now));
  document.getElementById("zoom-out").addEventListener("click", () => zoom(2, now));
  document.getElementById("whole").addEventListener("click", () => show(0, duration));

  const fail = () => {
    playable = false;
    media.hidden = true;
    document.getElementById("cannot-play").hidden = false;
  };
  media.addEventListener("error", fail);
  if (media.error) fail();
  const follow = () => {
    now = Math.min(media.currentTime, duration);
    keepInView();
    if (!media.paused && !media.ended) requestAnimationFrame(follow);
  };
  for (const name of ["play", "seeked"]) media.addEventListener(name, follow);
  // A reader may have chosen a place before the recording was ready.
  media.addEventListener("loadedmetadata", () => { if (now > 0) media.currentTime = now; });
  new ResizeObserver(draw).observe(tracks);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
})();
