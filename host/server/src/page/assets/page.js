// What the page does in a browser beyond links and forms: it follows changes, and it can be used by keys.
"use strict";

(() => {
  const main = () => document.getElementById("main");
  const said = document.getElementById("live");
  let touched = false;
  let timer = 0;
  let source = null;

  const say = (text, button) => {
    if (!said) return;
    said.textContent = text;
    if (button) said.append(" ", button);
  };

  const redraw = () => {
    touched = false;
    main().dispatchEvent(new Event("redraw"));
  };

  // What a person is filling in is not drawn anew under their hands.
  const changed = () => {
    if (!touched) return redraw();
    const show = document.createElement("button");
    show.type = "button";
    show.textContent = "Show";
    show.addEventListener("click", redraw);
    say("Something has changed.", show);
  };

  const follow = () => {
    source = new EventSource(main().dataset.live);
    source.addEventListener("open", () => say("Live"));
    source.addEventListener("error", () => say("The connection is lost; it is tried again."));
    source.addEventListener("changed", () => {
      clearTimeout(timer);
      timer = setTimeout(changed, 150);
    });
  };

  document.addEventListener("input", (event) => {
    if (event.target.closest("#main form")) touched = true;
  });

  // Nor do the buttons of a decision move under a cursor or a finger.
  for (const reached of ["pointerover", "focusin"]) {
    document.addEventListener(reached, (event) => {
      if (event.target.closest(".decide")) touched = true;
    });
  }

  document.addEventListener("htmx:after:swap", () => {
    if (!source) return;
    if (main().dataset.live) return say("Live");
    leave();
    say("");
  });

  // A browser has few connections to one server: a page that is not looked at keeps none.
  const leave = () => {
    if (source) source.close();
    source = null;
  };

  const come = () => {
    if (source || !main() || !main().dataset.live || !window.EventSource) return false;
    follow();
    return true;
  };

  come();
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", (event) => event.persisted && come() && changed());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leave();
    else if (come()) changed();
  });

  const views = { r: "/", i: "/inbox", t: "/tools", p: "/playground", m: "/memory", s: "/spend", d: "/doctor" };
  let goes = false;

  const step = (by) => {
    const rows = [...document.querySelectorAll("[data-row]")];
    const at = rows.indexOf(document.activeElement);
    const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)];
    if (next) next.focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select")) return;
    const went = goes;
    goes = event.key === "g" && !went;
    if (went && views[event.key]) location.href = views[event.key];
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "/") {
      const field = document.querySelector("[role=search] input:not([type=hidden])");
      if (field) {
        event.preventDefault();
        field.focus();
      }
    }
  });
})();
