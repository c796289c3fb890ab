// The little that a browser has to do itself: the theme, charts drawn from options that the server wrote, toasts.
(function () {
  "use strict";
  const root = document.documentElement;
  const TOAST_MS = 8000;

  document.addEventListener("click", function (event) {
    if (!event.target.closest("[data-theme-switch]")) return;
    const theme = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    localStorage.setItem("theme", theme);
    root.setAttribute("data-bs-theme", theme);
    drawCharts(document);
  });

  function colour(name) {
    return getComputedStyle(root).getPropertyValue(name).trim();
  }

  // Options name colours as var(--x); a canvas needs the colour itself.
  function coloured(value) {
    if (typeof value === "string") return value.replace(/^var\((--[\w-]+)\)$/, (_, name) => colour(name));
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, coloured(each)]));
    return value;
  }

  function writer(about, short) {
    const style = { maximumFractionDigits: 1 };
    if (short) style.notation = "compact";
    if (about.unit === "money") Object.assign(style, { style: "currency", currency: about.currency, maximumFractionDigits: short ? 1 : 0 });
    if (about.unit === "percent") Object.assign(style, { style: "percent", maximumFractionDigits: 1 });
    const format = new Intl.NumberFormat(about.language, style);
    return (value) => (value === null || value === undefined || value === "-" ? "–" : format.format(value));
  }

  function drawCharts(within) {
    if (!window.echarts) return;
    within.querySelectorAll("[data-chart]").forEach(function (place) {
      const source = document.getElementById(place.dataset.chart);
      if (!source) return;
      const option = coloured(JSON.parse(source.textContent));
      const muted = colour("--nm-chart-text"), line = colour("--nm-chart-line");
      option.textStyle = { fontFamily: getComputedStyle(document.body).fontFamily };
      option.legend.textStyle = { color: muted };
      Object.assign(option.xAxis.axisLabel, { color: muted });
      option.xAxis.axisLine = { lineStyle: { color: line } };
      option.yAxis.axisLabel = { color: muted, formatter: writer(option.nextmove, true) };
      option.yAxis.splitLine = { lineStyle: { color: line } };
      Object.assign(option.tooltip, {
        valueFormatter: writer(option.nextmove, false), backgroundColor: colour("--tblr-bg-surface"),
        borderColor: line, textStyle: { color: colour("--tblr-body-color") },
      });
      const chart = window.echarts.getInstanceByDom(place) || window.echarts.init(place, null, { renderer: "svg" });
      chart.setOption(option, true);
    });
  }

  window.addEventListener("resize", function () {
    document.querySelectorAll("[data-chart]").forEach(function (place) {
      const chart = window.echarts && window.echarts.getInstanceByDom(place);
      if (chart) chart.resize();
    });
  });

  function fadeToasts() {
    document.querySelectorAll("[data-toast]").forEach((toast) => setTimeout(() => toast.remove(), TOAST_MS));
  }

  document.addEventListener("htmx:afterSettle", function (event) {
    drawCharts(event.target.parentNode || document);
    fadeToasts();
  });
  // A decision that is refused (the session has ended, the move is gone) shows the page as it stands now. What was only
  // looked up stays as it is: loading the page again would ask the same again, for ever.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.xhr.status >= 400 && event.detail.requestConfig.verb === "post") location.reload();
  });
  drawCharts(document);
})();
