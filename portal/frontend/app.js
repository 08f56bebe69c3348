// What HTML alone cannot do, on every page: htmx, live streams, choices, shortcuts, copy.
//
// The portal's Content-Security-Policy has no unsafe-eval and no unsafe-inline. So no template may
// use hx-on:*, js: values or a [condition] in hx-trigger, nor a style or on* attribute. Every page's
// head carries, before this script:
//
//   <meta name="htmx-config" content="includeIndicatorCSS:false extensions:sse">
//
// (the indicator's rules are in app.css; no extension but the one imported here may register).
// All words come from the server, in attributes, so that they are translated there.

import "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";
import "./along.js";
import "./choices.js";
import "./copy.js";
import "./jump.js";
import "./keys.js";
import "./lists.js";
import "./live.js";
import "./toast.js";
