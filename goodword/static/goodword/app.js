// What pages do in the browser: theme, search key, copying, menus, dialogs, the drawer, chart or table.
// Everything is found by data attributes; every page also works without this file.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const typing = (el) => el.matches("input, textarea, select, [contenteditable]");

  function showTheme(theme) {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    all("[data-theme-set]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.themeSet === theme)));
  }
  showTheme(root.dataset.theme || "system");

  function chooseTheme(theme) {
    const age = theme === "system" ? 0 : 31536000;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax${secure}`;
    showTheme(theme);
  }

  async function copy(button) {
    const label = button.querySelector("[data-copy-label]") || button;
    const before = label.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      label.textContent = "Copied";
    } catch {
      label.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { label.textContent = before; }, 1600);
  }

  function toggleChart(chart) {
    const table = chart.dataset.view !== "table";
    chart.dataset.view = table ? "table" : "chart";
    all(`[data-chart-toggle="${chart.id}"]`).forEach((b) => b.setAttribute("aria-pressed", String(table)));
  }

  function openDrawer(title) {
    const drawer = document.getElementById("drawer");
    if (!drawer || drawer.open) return;
    drawer.querySelector("[data-drawer-title]").textContent = title || "Explanation";
    drawer.showModal();
  }

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest(selector);
    let el;
    if ((el = on("[data-theme-set]"))) chooseTheme(el.dataset.themeSet);
    else if ((el = on("[data-copy]"))) copy(el);
    else if ((el = on("[data-open]"))) document.getElementById(el.dataset.open).showModal();
    else if ((el = on("[data-close]"))) el.closest("dialog").close();
    else if ((el = on("[data-chart-toggle]"))) toggleChart(document.getElementById(el.dataset.chartToggle));
    else if ((el = on("[data-drawer]"))) openDrawer(el.dataset.drawer);
    else if (event.target.matches("dialog")) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) event.target.close();
    }
    all("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = document.querySelector("details.menu[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "t" || event.key === "T") {
      all(".chart[id]").forEach(toggleChart);
    }
  });

  // What is wrong is seen, also in a part that was closed.
  all("details .field-bad").forEach((field) => { field.closest("details").open = true; });
  const summary = document.querySelector(".error-summary");
  if (summary) summary.focus();
})();
