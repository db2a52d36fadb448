// What the demo shop does around goodword.js: ask for consent, and show what the script knows.
(() => {
  "use strict";
  const ANSWER = "gw_demo_shop_answer";
  const bar = document.querySelector("[data-consent-bar]");
  const shows = (name, text) => { document.querySelector(`[data-shows="${name}"]`).textContent = text; };
  const WORDS = {
    yes: "Yes: kept in this browser, and put into the order form.",
    no: "No: nothing is stored, nothing is passed on.",
    signal: "No: this browser sends Global Privacy Control, which counts as a no.",
  };

  function apply(answer) {
    const allowed = window.Goodword.consent(answer === "yes");
    shows("click", window.Goodword.click() || "none");
    shows("consent", answer === "yes" && !allowed ? WORDS.signal : WORDS[answer]);
    bar.hidden = true;
  }

  function answer(given) {
    sessionStorage.setItem(ANSWER, given);
    apply(given);
  }

  function begin() {
    document.querySelector("[data-consent-yes]").addEventListener("click", () => answer("yes"));
    document.querySelector("[data-consent-no]").addEventListener("click", () => answer("no"));
    const before = sessionStorage.getItem(ANSWER);
    if (before) apply(before);
    else bar.hidden = false;
  }

  if (window.Goodword) begin();
  else window.addEventListener("load", begin);
})();
