// One choice of theme for all pages: the cookie of the workspace, which the admin's
// own switch reads from its storage.
"use strict";

(() => {
  const STORED = "adminTheme";
  const AS_THERE = { light: "light", dark: "dark" };
  const read = () => /(?:^|;\s*)theme=(\w+)/.exec(document.cookie)?.[1] ?? "system";
  localStorage.setItem(STORED, JSON.stringify(AS_THERE[read()] ?? "auto"));
  const save = () => {
    const now = JSON.parse(localStorage.getItem(STORED) ?? '"auto"');
    if (now === (AS_THERE[read()] ?? "auto")) return;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    const theme = AS_THERE[now] ?? "system";
    document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  };
  // The switch writes to its storage a moment after the click or the key.
  for (const kind of ["click", "keyup"]) addEventListener(kind, () => setTimeout(save));
})();
