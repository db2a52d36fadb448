/* Goodword: carries the click id of a referral link from the landing page into this site's own forms.
   No dependency; one first-party cookie, and that only where it is allowed. It calls nobody, except where the tag
   has a data-key: then it tells Goodword of direct links (?via=...) and of leads. How to install it: docs/script.md. */
(function () {
  "use strict";
  var NAME = "gw_click";
  var SHAPE = /^tch_[0-9a-z]{26}$/;
  var tag = document.currentScript || { dataset: {} };
  var days = Math.min(Math.max(parseInt(tag.dataset.days, 10) || 90, 1), 400);
  var names = (tag.dataset.via || "via,ref").split(",");
  var refused = navigator.globalPrivacyControl === true;
  var allowed = !refused && tag.dataset.consent !== "required";
  var visit = null;

  function valid(id) {
    return SHAPE.test(id || "") ? id : null;
  }

  function asked(name) {
    return new URLSearchParams(location.search).get(name);
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
    return allowed ? valid(asked(NAME)) || stored() : null;
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

  function fillAll() {
    Array.prototype.forEach.call(document.forms, fill);
  }

  function tell(what, said) {
    return fetch(new URL("/api/v1/track/browser/" + what, tag.src), {
      method: "POST", mode: "cors", credentials: "omit", keepalive: true, body: JSON.stringify(said),
      headers: { "Authorization": "Bearer " + tag.dataset.key, "Content-Type": "application/json" }
    }).then(function (answer) {
      return answer.json().then(function (told) {
        if (!answer.ok) throw Object.assign(new Error(told.detail), { code: told.code });
        return told;
      });
    });
  }

  // Asks once for the visit of this page, or for the proof of the one that the cookie names.
  function seen() {
    var said = {}, id = click(), via = names.map(asked).filter(Boolean)[0];
    if (id) said.click_id = id;
    if (via && !valid(asked(NAME))) said.via = via;
    if (document.referrer) said.referrer = document.referrer;
    if (!said.via && !id) return Promise.reject(new Error("Nobody led this visitor here, or there is no consent."));
    visit = visit || tell("click", said).then(null, function (error) {
      // A click that is forgotten must not keep a new link from counting.
      if (error.code !== "unknown_click" || !said.via) throw error;
      delete said.click_id;
      return tell("click", said);
    }).then(function (told) {
      if (allowed) keep(told.click_id, days * 86400);
      fillAll();
      return told;
    });
    visit.catch(function () { visit = null; });
    return visit;
  }

  function lead(said) {
    if (!tag.dataset.key) return Promise.reject(new Error("The script's tag has no data-key."));
    if (!allowed) return Promise.reject(new Error("The visitor has not agreed."));
    return seen().then(function (told) {
      return tell("lead", Object.assign({}, said, { visitor: told.visitor }));
    });
  }

  function start() {
    var id = click();
    if (id) keep(id, days * 86400);
    fillAll();
    if (allowed && tag.dataset.key && names.some(asked) && !valid(asked(NAME))) seen().catch(function () {});
  }

  function consent(given) {
    allowed = given === true && !refused;
    if (!allowed) { keep("", 0); visit = null; }
    start();
    return allowed;
  }

  window.Goodword = Object.freeze({ click: click, consent: consent, lead: lead });
  // Forms drawn later are met on their way out.
  document.addEventListener("submit", function (event) { fill(event.target); }, true);
  // A page that a browser draws ahead was not visited yet.
  if (document.prerendering) document.addEventListener("prerenderingchange", start, { once: true });
  else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
