// Short messages that are read aloud and go by themselves.

export function toast(text) {
  const list = document.getElementById("toasts"); // role="status", so it is read aloud
  if (!list || !text) return;
  const item = document.createElement("p");
  item.className = "toast";
  item.textContent = text;
  list.append(item);
  setTimeout(() => item.remove(), 6000);
}

// A response's header HX-Trigger: {"toast": "…"} says what was done.
document.addEventListener("toast", (event) => toast(event.detail?.value ?? event.detail));
