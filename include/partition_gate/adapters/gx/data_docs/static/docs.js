// Data Docs without a framework: collapsible parts, "failed only", the index's filter, links that need a server.
"use strict";

function collapsible() {
  for (const link of document.querySelectorAll('[data-toggle="collapse"]')) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const part = document.getElementById(link.getAttribute("href").slice(1));
      link.setAttribute("aria-expanded", String(part.classList.toggle("show")));
    });
  }
}

function markPassed() {
  for (const cell of document.querySelectorAll(".hide-succeeded-validation-target-child")) {
    cell.parentElement.classList.add("passed");
  }
  for (const section of document.querySelectorAll(".ge-section")) {
    const entry = document.querySelector(`aside a[href="#${section.id}"]`);
    const judged = section.querySelector(".fas");
    const failing = section.querySelector(".fa-times, .fa-exclamation-triangle");
    if (entry && failing) entry.classList.add("failing");
    if (judged && !failing) [section, entry && entry.parentElement].forEach((e) => e && e.classList.add("passed"));
  }
}

function filters() {
  const failedOnly = document.getElementById("failed-only");
  if (failedOnly) {
    failedOnly.addEventListener("change", () => document.body.classList.toggle("failed-only", failedOnly.checked));
  }
  const search = document.getElementById("filter");
  if (search) {
    search.addEventListener("input", () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of document.querySelectorAll("tbody tr")) {
        row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
      }
    });
  }
}

function consoleLinks() {
  if (location.protocol === "file:") return;
  for (const link of document.querySelectorAll("[data-console]")) link.hidden = false;
}

collapsible();
markPassed();
filters();
consoleLinks();
