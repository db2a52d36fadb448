// Says in words, beside the button, why a passkey dialog came to nothing. The words stand in the page.
document.addEventListener("allauth.error", (event) => {
  const said = document.querySelector("[data-passkey-said]");
  const why = { NotAllowedError: "cancelled", AbortError: "cancelled", InvalidStateError: "known" }[event.detail.exception.name];
  if (why) event.preventDefault(); // What people do themselves is no fault for the console.
  said.textContent = said.dataset[why || "failed"];
});
