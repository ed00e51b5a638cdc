/* SPDX-License-Identifier: Apache-2.0 */
"use strict";
for (const section of document.querySelectorAll("section.timeline")) {
  const bar = section.querySelector(".scrub");
  if (!bar) continue; /* a single moment has nothing to choose */
  const slider = bar.querySelector("input");
  const show = () => {
    const chosen = Number(slider.value);
    for (const group of section.querySelectorAll(".moments")) {
      Array.from(group.children).forEach((child, i) => { child.hidden = i !== chosen; });
    }
    slider.setAttribute("aria-valuetext", bar.querySelector(".moments").children[chosen].textContent);
  };
  slider.addEventListener("input", show);
  bar.hidden = false;
  show(); /* a browser may restore another value when it reloads the page */
}
for (const pair of document.querySelectorAll(".pair")) {
  const slider = pair.querySelector("input");
  const [before, after] = Array.from(pair.querySelectorAll("span"), (s) => s.textContent);
  const show = () => {
    pair.style.setProperty("--at", slider.value + "%");
    slider.setAttribute("aria-valuetext", `${slider.value}% ${before}, ${100 - slider.value}% ${after}`);
  };
  slider.addEventListener("input", show);
  pair.classList.add("live");
  slider.hidden = false;
  show();
}
