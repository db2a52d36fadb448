/* Goodword: carries the click id of a referral link from the landing page into this site's own forms.
   No dependency, no request to anybody, one first-party cookie, and that only where it is allowed.
   How to install it: docs/script.md. */
(function () {
  "use strict";
  var NAME = "gw_click";
  var SHAPE = /^tch_[0-9a-z]{26}$/;
  var tag = document.currentScript || { dataset: {} };
  var days = Math.min(Math.max(parseInt(tag.dataset.days, 10) || 90, 1), 400);
  var refused = navigator.globalPrivacyControl === true;
  var allowed = !refused && tag.dataset.consent !== "required";

  function valid(id) {
    return SHAPE.test(id || "") ? id : null;
  }

  function landed() {
    return valid(new URLSearchParams(location.search).get(NAME));
  }

  function stored() {
    var found = document.cookie.match(/(?:^|; )gw_click=([^;]*)/);
    return valid(found && found[1]);
  }

  function keep(id, seconds) {
    document.cookie = NAME + "=" + id + "; Max-Age=" + seconds + "; Path=/; SameSite=Lax" +
      (location.protocol === "https:" ? "; Secure" : "");
  }

  function click() {
    return allowed ? landed() || stored() : null;
  }

  function own(form) {
    var method = (form.getAttribute("method") || "").toLowerCase();
    return method === "post" && new URL(form.getAttribute("action") || "", location.href).origin === location.origin;
  }

  function fill(form) {
    if (!own(form)) return;
    var field = form.querySelector("input[name=gw_click]");
    var id = click();
    if (!field && id) {
      field = document.createElement("input");
      field.type = "hidden";
      field.name = NAME;
      form.appendChild(field);
    }
    if (field) field.value = id || "";
  }

  function start() {
    var id = click();
    if (id) keep(id, days * 86400);
    Array.prototype.forEach.call(document.forms, fill);
  }

  function consent(given) {
    allowed = given === true && !refused;
    if (!allowed) keep("", 0);
    start();
    return allowed;
  }

  window.Goodword = Object.freeze({ click: click, consent: consent });
  // Forms drawn later are met on their way out.
  document.addEventListener("submit", function (event) { fill(event.target); }, true);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
