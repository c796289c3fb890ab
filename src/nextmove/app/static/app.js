// The little that a browser has to do itself: the theme, charts drawn from options that the server wrote, toasts.
(function () {
  "use strict";
  const root = document.documentElement;

  document.addEventListener("click", function (event) {
    if (!event.target.closest("[data-theme-switch]")) return;
    const theme = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    localStorage.setItem("theme", theme);
    root.setAttribute("data-bs-theme", theme);
    drawCharts(document);
  });

  function drawCharts() {}
})();
