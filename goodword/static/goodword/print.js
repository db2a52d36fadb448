// The one button of the sheet to print.
document.querySelector("[data-print]").addEventListener("click", () => window.print());
