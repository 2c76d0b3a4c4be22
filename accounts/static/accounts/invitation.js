// The secret of the link stands in the fragment, which no server and no log ever sees;
// it is sent once, in a form, and taken out of the address.
"use strict";

const token = new URLSearchParams(location.hash.slice(1)).get("token");
const form = document.querySelector("[data-invitation]");
const box = form?.querySelector("[data-token]");
if (token) {
  history.replaceState(null, "", location.pathname);
  if (box) {
    box.value = token;
    form.submit();
  } else {
    // A link was opened while another invitation is shown: begin with the new one.
    const fresh = document.createElement("form");
    fresh.method = "post";
    for (const [name, value] of [["token", token], ["csrfmiddlewaretoken", crumb()]]) {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      fresh.append(field);
    }
    document.body.append(fresh);
    fresh.submit();
  }
}

function crumb() {
  return document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}
