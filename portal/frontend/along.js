// A device page that was opened from a list is told so by ?list=… in its address; links and filters
// that stay at the device take it along, so that the ones before and behind it are still known. What
// forms that change something lead to is the server's (portal/along.py).

const list = new URLSearchParams(location.search).get("list");
const device = /^\/systems\/[A-Z0-9]{8,24}(?=\/|$)/.exec(location.pathname)?.[0];

function stays(address) {
  const { origin, pathname } = address;
  if (origin !== location.origin || /\.(json|csv)$/.test(pathname)) return false;
  return pathname === device || pathname.startsWith(`${device}/`);
}

function follow({ target }) {
  const link = target.closest?.("a[href]:not([download])");
  if (!link) return;
  const address = new URL(link.href);
  if (!stays(address) || address.searchParams.has("list")) return;
  address.searchParams.set("list", list);
  link.href = address;
}

function ask({ target }) {
  if (target.method !== "get" || !stays(new URL(target.action)) || target.elements.list) return;
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "list", value: list });
  target.append(field);
}

if (list && device) {
  document.addEventListener("click", follow, true);
  document.addEventListener("auxclick", follow, true);
  document.addEventListener("submit", ask, true);
}
