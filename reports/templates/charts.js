"use strict";
/* Draws the figures that stand in the page as JSON, in the colours the style sheet gives now.
   Nothing is fetched and nothing is sent: the script's own share button is off. */
(function () {
  var root = document.documentElement;
  var config = {
    displaylogo: false,
    responsive: true,
    showSendToCloud: false,
    plotlyServerURL: "",
    modeBarButtons: [["toImage"]],
  };
  root.classList.add("js");
  document.querySelectorAll("details.numbers").forEach(function (details) {
    details.open = false;
  });
  if (!window.Plotly) {
    root.classList.remove("js");
    return;
  }

  function seenThrough(hex) {
    var parts = [1, 3, 5].map(function (at) { return parseInt(hex.slice(at, at + 2), 16); });
    return "rgba(" + parts.join(",") + ",0.15)";
  }

  function coloured(value, style) {
    if (typeof value === "string") {
      var name = /^var\((--[\w-]+?)(-band)?\)$/.exec(value);
      if (!name) {
        return value;
      }
      var colour = style.getPropertyValue(name[1]).trim();
      return name[2] ? seenThrough(colour) : colour;
    }
    if (Array.isArray(value)) {
      return value.map(function (inner) { return coloured(inner, style); });
    }
    if (value !== null && typeof value === "object") {
      var copy = {};
      Object.keys(value).forEach(function (key) { copy[key] = coloured(value[key], style); });
      return copy;
    }
    return value;
  }

  /* A Korean syllable is half as wide again as a letter. */
  function widthOf(words) {
    return words.length + (words.match(/[\uAC00-\uD7A3]/g) || []).length / 2;
  }

  /* On a narrow screen the labels of a row break into lines, so that the row keeps its room. */
  function broken(label) {
    return String(label).split(" ").reduce(function (lines, word) {
      var last = lines[lines.length - 1];
      if (last !== undefined && widthOf(last + " " + word) <= 16) {
        lines[lines.length - 1] = last + " " + word;
      } else {
        lines.push(word);
      }
      return lines;
    }, []).join("<br>");
  }

  function narrowed(figure) {
    figure.layout.font.size = 11;
    figure.data.forEach(function (trace) {
      if (trace.y && trace.y.length && typeof trace.y[0] === "string") {
        trace.y = trace.y.map(broken);
      }
    });
  }

  function draw() {
    var style = getComputedStyle(root);
    document.querySelectorAll("script[data-chart]").forEach(function (source) {
      var canvas = document.getElementById(source.dataset.chart);
      var figure = coloured(JSON.parse(source.textContent), style);
      if (canvas.clientWidth < 480) {
        narrowed(figure);
      }
      if ("print" in root.dataset) {
        figure.layout.width = canvas.clientWidth;
      }
      window.Plotly.react(canvas, figure.data, figure.layout, config);
    });
  }

  draw();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  window.addEventListener("beforeprint", function () {
    root.dataset.print = "";
    draw();
    document.querySelectorAll("details").forEach(function (details) { details.open = true; });
  });
  window.addEventListener("afterprint", function () {
    delete root.dataset.print;
    draw();
    document.querySelectorAll(".canvas").forEach(window.Plotly.Plots.resize);
  });
})();
