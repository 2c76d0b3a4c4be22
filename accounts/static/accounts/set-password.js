// The ticket of the link stands in the fragment, which no server and no log ever sees.
"use strict";

const field = document.querySelector("[data-ticket]");
const ticket = new URLSearchParams(location.hash.slice(1)).get("ticket");
if (field && ticket) {
  field.value = ticket;
  history.replaceState(null, "", location.pathname);
}
