// The little that neither the browser nor htmx does by itself. No dependency; every
// part works by a data attribute, so that swapped-in fragments need no set-up.
(() => {
  "use strict";

  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const year = 60 * 60 * 24 * 365;

  function remember(name, value) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${value}; Path=/; Max-Age=${year}; SameSite=Lax${secure}`;
  }

  // Theme and sidebar: the server reads the cookies, so nothing flashes on load.
  function setTheme(theme) {
    root.classList.add("still"); // or each colour would fade on its own
    root.dataset.theme = theme;
    document.querySelector('meta[name="color-scheme"]').content =
      theme === "system" ? "light dark" : theme;
    remember("theme", theme);
    for (const button of all("[data-theme-set]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === theme));
    }
    requestAnimationFrame(() => requestAnimationFrame(() => root.classList.remove("still")));
  }

  function fold(button) {
    const folded = document.querySelector("[data-frame]").classList.toggle("frame--folded");
    button.setAttribute("aria-pressed", String(folded));
    remember("sidebar", folded ? "folded" : "open");
  }

  // Menus are <details>: they open without script and close like menus with it.
  function closeMenus(except) {
    for (const menu of all("[data-menu][open]")) {
      if (menu !== except) menu.open = false;
    }
  }

  function moveInMenu(menu, step) {
    const items = all("a, button", menu.querySelector(".menu__panel"));
    const at = items.indexOf(document.activeElement);
    const start = step > 0 ? 0 : items.length - 1;
    items[at < 0 ? start : (at + step + items.length) % items.length]?.focus();
  }

  function showPassword(button) {
    const input = document.getElementById(button.dataset.passwordShow);
    const show = input.type === "password";
    input.type = show ? "text" : "password";
    button.setAttribute("aria-pressed", String(show));
  }

  function select(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }

  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    const words = button.querySelector("span");
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
    } catch {
      select(source); // no permission or no secure context: ready for the keyboard
      return;
    }
    const before = words.textContent;
    button.style.minWidth = `${button.offsetWidth}px`;
    words.textContent = button.dataset.copied;
    setTimeout(() => { words.textContent = before; }, 2000);
  }

  function openDialog(id) {
    closeMenus();
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
  }

  // Toasts: good news leaves by itself unless somebody reads it, bad news stays.
  function timeToast(toast) {
    if (toast.dataset.timed || !["success", "info"].includes(toast.dataset.toast)) return;
    toast.dataset.timed = "yes";
    const leave = () => {
      if (toast.matches(":hover, :focus-within")) setTimeout(leave, 2000);
      else toast.remove();
    };
    setTimeout(leave, 7000);
  }

  function say(templateId) {
    const template = document.getElementById(templateId);
    document.getElementById("toasts")?.append(template.content.cloneNode(true));
  }

  // Times: words within a week, the exact instant in the title.
  const language = root.lang || "en";
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];

  function wordTime(element) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) return;
    const seconds = (at - Date.now()) / 1000;
    element.title = exact.format(at);
    if (Math.abs(seconds) > 7 * 86400) return;
    const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
    const count = unit === "second" ? 0 : Math.round(seconds / size);
    element.textContent = relative.format(count, unit);
  }

  const wordTimes = () => all("time[data-relative]").forEach(wordTime);

  // Forms: a sent form is busy once, and keeps the width of its button.
  function busy(event) {
    const form = event.target;
    if (form.method === "dialog" || form.target === "_blank") return;
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-busy", "true");
  }

  function idle() {
    for (const form of all("form[data-sent]")) delete form.dataset.sent;
    for (const button of all("form [aria-busy], [form][aria-busy]")) {
      button.removeAttribute("aria-busy");
    }
  }

  function cleanCode(text) {
    return text.replace(/[\s\-–_.]/gu, "").toUpperCase();
  }

  function pasteCode(event) {
    const input = event.target.closest?.("[data-code] input");
    if (!input) return;
    event.preventDefault();
    const code = cleanCode(event.clipboardData.getData("text"));
    input.value = input.maxLength > 0 ? code.slice(0, input.maxLength) : code;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function cleanTyped(event) {
    const input = event.target.closest?.("[data-code] input");
    if (input && input.value !== cleanCode(input.value)) input.value = cleanCode(input.value);
  }

  // Keys on lists: the focus itself moves, so Enter and screen readers just work.
  function moveInList(step) {
    const links = all("[data-keys] [data-row] a.list-row__title, [data-keys] tr[data-row] a");
    if (!links.length) return;
    const row = document.activeElement?.closest("[data-row]");
    const at = links.findIndex((link) => link.closest("[data-row]") === row);
    const to = at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step;
    links[Math.min(Math.max(to, 0), links.length - 1)].focus();
  }

  function typing(element) {
    return element?.matches?.("input, select, textarea, [contenteditable]");
  }

  function onKey(event) {
    const menu = event.target.closest?.("[data-menu][open]");
    if (event.key === "Escape" && menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      moveInMenu(menu, event.key === "ArrowDown" ? 1 : -1);
    } else if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) {
      return;
    } else if (document.querySelector("dialog[open]")) {
      return;
    } else if (event.key === "j") {
      moveInList(1);
    } else if (event.key === "k") {
      moveInList(-1);
    } else if (event.key === "?") {
      openDialog("keys");
    }
  }

  const presses = [
    ["[data-theme-set]", (button) => setTheme(button.dataset.themeSet)],
    ["[data-fold]", fold],
    ["[data-password-show]", showPassword],
    ["[data-copy]", copy],
    ["[data-dialog-open]", (button) => openDialog(button.dataset.dialogOpen)],
    ["[data-dialog-close]", (button) => button.closest("dialog").close()],
    ["[data-toast-close]", (button) => button.closest("[data-toast]").remove()],
  ];

  function onClick(event) {
    closeMenus(event.target.closest("[data-menu]"));
    for (const [selector, act] of presses) {
      const element = event.target.closest(selector);
      if (element) act(element);
    }
    if (event.target.matches("dialog")) event.target.close(); // the backdrop
  }

  function settle() {
    wordTimes();
    all("[data-toast]").filter((toast) => toast.closest("#toasts")).forEach(timeToast);
  }

  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("focusin", (event) => closeMenus(event.target.closest("[data-menu]")));
  document.addEventListener("submit", busy);
  document.addEventListener("paste", pasteCode);
  document.addEventListener("input", cleanTyped);
  document.addEventListener("htmx:load", settle);
  document.addEventListener("htmx:afterRequest", idle);
  document.addEventListener("htmx:responseError", () => say("toast-failed"));
  document.addEventListener("htmx:sendError", () => say("toast-offline"));
  addEventListener("pageshow", idle); // coming back by the browser's back button
  settle();
  // On a phone a row of choices scrolls by itself to the one that is in force.
  all(".segmented [aria-current]").forEach((chosen) => {
    const row = chosen.parentElement;
    row.scrollLeft = chosen.offsetLeft - row.offsetLeft - (row.clientWidth - chosen.clientWidth) / 2;
  });
  setInterval(wordTimes, 60000);
  // What is wrong with the field stands below it, and is to be seen with it.
  const wrong = document.querySelector('[aria-invalid="true"]');
  wrong?.focus();
  wrong?.closest(".field")?.scrollIntoView({ block: "nearest" });
})();
