// A picker beside each colour; the typed colour stays the one that is sent.
"use strict";
const FALLBACK = "#808080";
for (const field of document.querySelectorAll("[data-colour]")) {
  const label = document.querySelector(`label[for="${field.id}"]`);
  const pick = document.createElement("input");
  pick.type = "color";
  pick.className = "branding__pick";
  pick.setAttribute("aria-label", label ? label.textContent.trim() : field.name);
  const follow = () => {
    const shown = [field.value, field.placeholder, FALLBACK];
    pick.value = shown.find((text) => /^#[0-9a-f]{6}$/i.test(text));
  };
  follow();
  field.addEventListener("input", follow);
  pick.addEventListener("input", () => {
    field.value = pick.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  // The picker itself has no name: only the field is sent.
  field.after(pick);
}
