// SPDX-License-Identifier: Apache-2.0
"use strict";
(function () {
  var box = document.getElementById("filter");
  if (box) {
    var shown = document.getElementById("shown");
    var all = document.querySelectorAll("[data-find]");
    var groups = document.querySelectorAll("#matrix section.table");
    var apply = function () {
      var words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      var rows = 0, left = 0;
      all.forEach(function (e) {
        e.hidden = !words.every(function (w) { return e.dataset.find.indexOf(w) >= 0; });
        if (e.localName === "tr") { rows++; left += e.hidden ? 0 : 1; }
      });
      groups.forEach(function (g) { g.hidden = !g.querySelector("tr[data-find]:not([hidden])"); });
      shown.textContent = words.length ? left + " of " + rows + " tests" : "";
    };
    box.addEventListener("input", apply);
    box.closest(".filter").hidden = false;
    if (box.value) apply(); // a browser may keep it when the page is loaded again
  }
  // Not every browser opens what a link points into.
  var open = function () {
    var e = document.getElementById(location.hash.slice(1));
    if (e && e.localName === "details") {
      var row = e.closest("[data-find]");
      if (row) row.hidden = false;
      e.open = true;
      e.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  open();
})();
