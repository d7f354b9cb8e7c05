// Comfort for pages that work without it: upload by drop with progress, shortcuts, a countdown.
// One file, no library, nothing inline; what it finds in a page is marked with data-* attributes.
"use strict";

(() => {
  const SHORTCUTS = "gonogo-shortcuts";
  const typing = (at) => at.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

  // --- upload: a form[data-upload] takes what is dropped and shows how far it is -----------------

  const size = (bytes) =>
    bytes < 1024 ? `${bytes} bytes` : bytes < 1 << 20 ? `${(bytes / 1024).toFixed(1)} kB` : `${(bytes / (1 << 20)).toFixed(1)} MB`;

  // readEntries gives a hundred at a time.
  const listed = async (folder) => {
    const reader = folder.createReader();
    const all = [];
    for (;;) {
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!some.length) return all;
      all.push(...some);
    }
  };

  const inside = async (entry, path, most) => {
    if (most.left <= 0) return [];
    if (entry.isFile) {
      most.left -= 1;
      const file = await new Promise((done, failed) => entry.file(done, failed));
      return [{ path: path + entry.name, file }];
    }
    const found = [];
    for (const one of await listed(entry)) found.push(...(await inside(one, `${path}${entry.name}/`, most)));
    return found;
  };

  const upload = (form) => {
    const zone = form.querySelector("[data-drop]");
    const list = form.querySelector("[data-chosen]");
    const bar = form.querySelector("progress");
    const answer = form.querySelector(".answer");
    const send = form.querySelector("[data-send]");
    let chosen = []; // {path, file}; nothing of it is lost when the upload is refused

    const show = () => {
      const bytes = chosen.reduce((sum, one) => sum + one.file.size, 0);
      list.replaceChildren(
        ...chosen.slice(0, 60).map((one) => {
          const line = document.createElement("li");
          line.textContent = `${one.path} (${size(one.file.size)})`;
          line.dir = "auto";
          return line;
        }),
      );
      list.hidden = !chosen.length;
      const told = form.querySelector("[data-sum]");
      told.textContent = chosen.length
        ? `${chosen.length} ${chosen.length === 1 ? "file" : "files"}, ${size(bytes)} together.`
        : "Nothing is chosen yet.";
    };

    const take = (files) => {
      chosen = files;
      answer.replaceChildren();
      show();
    };

    for (const input of form.querySelectorAll("input[type=file]")) {
      input.addEventListener("change", () => {
        take([...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
        for (const other of form.querySelectorAll("input[type=file]")) if (other !== input) other.value = "";
      });
    }
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", async (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      // The list of items is emptied after this turn, so the entries are taken at once.
      const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
      const plain = [...event.dataTransfer.files].map((file) => ({ path: file.name, file }));
      const most = { left: 2000 };
      const found = [];
      try {
        for (const entry of entries) found.push(...(await inside(entry, "", most)));
      } catch {
        answer.textContent = "The folder could not be read. Choose it with the button instead.";
        return;
      }
      for (const input of form.querySelectorAll("input[type=file]")) input.value = "";
      take(found.length ? found : plain);
    });

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const body = new FormData(form);
      body.delete("files");
      for (const one of chosen) body.append("files", one.file, one.path);
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.setRequestHeader("HX-Request", "true");
      request.upload.addEventListener("progress", (now) => {
        bar.hidden = false;
        if (now.lengthComputable) bar.value = now.loaded / now.total;
      });
      request.addEventListener("load", () => {
        const to = request.getResponseHeader("HX-Redirect");
        if (to) {
          location.assign(to);
          return;
        }
        bar.hidden = true;
        send.disabled = false;
        // Our own fragment, escaped by the server; it holds no script, and the policy runs none.
        answer.innerHTML = request.responseText;
        answer.scrollIntoView({ block: "nearest" });
      });
      request.addEventListener("error", () => {
        bar.hidden = true;
        send.disabled = false;
        answer.textContent = "The store does not answer. Nothing is lost: send it again.";
      });
      send.disabled = true;
      bar.hidden = false;
      bar.removeAttribute("value");
      request.send(body);
    });
    show();
  };

  // --- a countdown: <time data-countdown datetime="…"> ------------------------------------------

  const tick = () => {
    for (const at of document.querySelectorAll("[data-countdown]")) {
      const left = Math.max(0, Math.ceil((Date.parse(at.getAttribute("datetime")) - Date.now()) / 1000));
      const two = (number) => String(number).padStart(2, "0");
      const days = Math.floor(left / 86400);
      const hours = `${two(Math.floor((left % 86400) / 3600))}:${two(Math.floor((left % 3600) / 60))}:${two(left % 60)}`;
      const long = days ? `${days} ${days === 1 ? "day" : "days"} ${hours}` : hours;
      const short = left ? `${Math.floor(left / 60)}:${two(left % 60)} left` : "over";
      // data-countdown="long": what an opening is counted down in.
      const words = at.dataset.countdown === "long" ? long : short;
      if (at.textContent !== words) at.textContent = words;
    }
  };

  // --- shortcuts: an element with data-key="x" is focused by x, a link followed -----------------

  const keys = () => document.getElementById("keys");

  const legend = () => {
    const rows = [...document.querySelectorAll("[data-key]")].filter((one) => !one.closest("dialog"));
    const list = keys().querySelector("dl");
    list.replaceChildren();
    const row = (key, what) => {
      const dt = document.createElement("dt");
      const dd = document.createElement("dd");
      const kbd = document.createElement("kbd");
      kbd.textContent = key;
      dt.append(kbd);
      dd.textContent = what;
      list.append(dt, dd);
    };
    row("?", "These shortcuts");
    for (const one of rows) row(one.dataset.key, one.dataset.does || one.textContent.trim());
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    if (event.key === "?") {
      legend();
      if (!keys().open) keys().showModal();
      return;
    }
    if (localStorage.getItem(SHORTCUTS) === "off" || keys().open) return;
    const wanted = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key && !one.disabled);
    if (!wanted) return;
    event.preventDefault();
    if (wanted.matches("a[href]:not([href^='#'])")) {
      wanted.click();
      return;
    }
    // Shortcuts lead to a button, they never press it: a decision is a decision.
    wanted.scrollIntoView({ block: "center" });
    wanted.focus({ preventScroll: true });
  });

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("form[data-upload]").forEach(upload);
    const off = document.getElementById("keys-off");
    off.checked = localStorage.getItem(SHORTCUTS) === "off";
    off.addEventListener("change", () => localStorage.setItem(SHORTCUTS, off.checked ? "off" : "on"));
    const show = document.getElementById("keys-show");
    show.hidden = false;
    show.addEventListener("click", () => {
      legend();
      keys().showModal();
    });
    tick();
    setInterval(tick, 1000);
  });
})();
