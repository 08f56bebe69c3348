// Reads an AsyncAPI document with the AsyncAPI Initiative's own parser; prints what it found wrong.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
const problems = diagnostics.map(({ code, severity, message, path }) => ({
  code,
  severity,
  message,
  path: path.join("/"),
}));
console.log(JSON.stringify(problems));
