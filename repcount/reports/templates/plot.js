"use strict";
for (const section of document.querySelectorAll("section.one")) {
  const plot = section.querySelector(".plot");
  const tip = section.querySelector(".tip");
  const video = section.querySelector("video");
  const bands = [...plot.querySelectorAll("svg.strip .rep")];
  const shown = () => bands.filter((band) => band.getClientRects().length);

  function mark(id) {
    for (const one of section.querySelectorAll("[data-rep]")) one.classList.toggle("on", one.dataset.rep === id);
  }

  function tell(band) {
    const picture = section.querySelector(`.pictures [data-rep="${band.dataset.rep}"] img`);
    const lines = band.getAttribute("aria-label").split(". ").map((line) => {
      const p = document.createElement("p");
      p.textContent = line;
      return p;
    });
    tip.replaceChildren(...(picture ? [picture.cloneNode()] : []), ...lines);
    tip.hidden = false;
    const place = band.getBoundingClientRect(), frame = plot.getBoundingClientRect();
    const left = (place.left + place.right - tip.offsetWidth) / 2 - frame.left;
    tip.style.left = Math.max(0, Math.min(left, frame.width - tip.offsetWidth)) + "px";
    tip.style.top = place.bottom - frame.top + 6 + "px";
    mark(band.dataset.rep);
  }

  function hush() {
    tip.hidden = true;
    mark("");
  }

  function seek(one) {
    if (!video || video.hidden) return false;
    video.currentTime = Number(one.dataset.at);
    return true;
  }

  function step(band, key) {
    const all = shown(), at = all.indexOf(band);
    const to = { ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[key];
    if (to === undefined) return false;
    if (all[to]) all[to].focus();
    return true;
  }

  // One stop for the tab key; the arrow keys go from rep to rep.
  for (const layout of plot.querySelectorAll(".wide, .medium, .narrow")) {
    layout.querySelectorAll(".rep").forEach((band, i) => band.setAttribute("tabindex", i ? -1 : 0));
  }
  for (const band of bands) {
    band.addEventListener("pointerenter", () => tell(band));
    band.addEventListener("focus", () => {
      for (const other of shown()) other.setAttribute("tabindex", other === band ? 0 : -1);
      tell(band);
    });
    band.addEventListener("blur", hush);
    band.addEventListener("click", () => { band.focus(); seek(band); });
    band.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") seek(band);
      else if (event.key === "Escape") hush();
      else if (!step(band, event.key)) return;
      event.preventDefault();
    });
  }
  plot.addEventListener("pointerleave", hush);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hush(); });

  for (const link of section.querySelectorAll(".pictures a")) {
    // Without a video the link leads to the row of the rep.
    link.addEventListener("click", (event) => { if (seek(link)) event.preventDefault(); });
    link.addEventListener("pointerenter", () => mark(link.dataset.rep));
    link.addEventListener("pointerleave", () => mark(""));
  }

  for (const row of section.querySelectorAll("table.reps tbody tr")) {
    row.addEventListener("pointerenter", () => mark(row.dataset.rep));
    row.addEventListener("pointerleave", () => mark(""));
  }

  if (video) {
    const gone = () => {
      video.hidden = true;
      video.nextElementSibling.hidden = false;
      section.querySelector(".viewing").classList.remove("beside");
    };
    if (video.error) gone();
    video.addEventListener("error", gone);
    video.addEventListener("timeupdate", () => {
      for (const strip of plot.querySelectorAll("svg.strip")) {
        const { left, right, from, to } = strip.dataset, line = strip.querySelector(".now");
        const share = (video.currentTime - from) / (to - from), x = Number(left) + share * (right - left);
        line.setAttribute("x1", x);
        line.setAttribute("x2", x);
        line.style.visibility = share >= 0 && share <= 1 ? "visible" : "hidden";
      }
    });
  }
}
