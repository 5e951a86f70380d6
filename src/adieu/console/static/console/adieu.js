// What a script can add; every page works without it.
(() => {
  "use strict";

  // Copy buttons: shown only where copying works, with the result in words beside them.
  const offerToCopy = (button) => {
    button.hidden = false;
    const result = button.querySelector("[role=status]");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        result.textContent = "Copied";
      } catch {
        result.textContent = "Not copied";
      }
      setTimeout(() => (result.textContent = ""), 4000);
    });
  };

  // A hint only: the server decides whether all boxes are ticked.
  const hintAtBoxes = (hint) => {
    const boxes = [...hint.form.querySelectorAll("input[type=checkbox]")];
    const tell = () => {
      const open = boxes.filter((box) => !box.checked).length;
      hint.line.hidden = open === 0;
      hint.line.textContent = open === 1 ? "1 box is still to tick." : `${open} boxes are still to tick.`;
    };
    hint.form.addEventListener("change", tell);
    tell();
  };

  // A menu closes on Escape, giving the focus back, and when something else is chosen.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement?.closest("details.menu[open]");
    closeMenus();
    menu?.querySelector("summary").focus();
  });

  // Progress that did not change is not put in again, so that it is not read out every two seconds.
  let last = "";
  document.addEventListener("htmx:beforeSwap", (event) => {
    const fresh = event.detail.serverResponse.replace(/<time[\s\S]*?<\/time>/g, "");
    if (fresh === last) event.detail.shouldSwap = false;
    else last = fresh;
  });
  const sayNothingOfReloading = () => {
    for (const line of document.querySelectorAll("[data-reload]")) line.hidden = true;
  };
  document.addEventListener("htmx:afterSettle", sayNothingOfReloading);

  // Print buttons: shown only where a script runs; what is swapped in later has them, too.
  const offerToPrint = () => document.querySelectorAll("[data-print]").forEach((button) => (button.hidden = false));
  document.addEventListener("htmx:afterSettle", offerToPrint);
  document.addEventListener("click", (event) => event.target.closest("[data-print]") && window.print());
  offerToPrint();

  document.querySelectorAll("[data-copy]").forEach((button) => navigator.clipboard && offerToCopy(button));
  for (const line of document.querySelectorAll("[data-unticked]")) hintAtBoxes({ line, form: line.closest("form") });
  if (window.htmx) sayNothingOfReloading();
})();
