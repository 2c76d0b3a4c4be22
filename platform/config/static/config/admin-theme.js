// One choice of theme for all pages: the cookie of the workspace, which the admin's
// own switch reads from its storage.
"use strict";

(() => {
  const STORED = "_x_adminTheme";
  const AS_THERE = { light: "light", dark: "dark" };
  const read = () => /(?:^|;\s*)theme=(\w+)/.exec(document.cookie)?.[1] ?? "system";
  const before = AS_THERE[read()] ?? "auto";
  localStorage.setItem(STORED, JSON.stringify(before));
  addEventListener("pagehide", () => {
    const now = JSON.parse(localStorage.getItem(STORED) ?? '"auto"');
    if (now === before) return;
    const theme = AS_THERE[now] ?? "system";
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  });
})();
