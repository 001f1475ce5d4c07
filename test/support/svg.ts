/** What a drawing holds, read off its marks. */

/** Classes of the fields, legends left out. */
export function fields(svg: string): string[] {
  return [...svg.matchAll(/<rect class="([hskc]\d)"/g)].map(([, look]) => look!);
}

/** What marks say under the pointer, in their order. */
export function tips(svg: string): string[] {
  return [...svg.matchAll(/<title>([^<]*)<\/title><\/(?:rect|circle|path)>/g)].map(([, tip]) => tip!);
}

/** Texts, in their order, with plain spaces. */
export function texts(svg: string): string[] {
  return [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!.replaceAll("\u00a0", " "));
}

/** Whether tags are closed in the order in which they are open, every attribute and text is escaped, and every place is a number. */
export function isWellFormed(svg: string): boolean {
  if (/="[^"<]*(?:NaN|Infinity|undefined)/.test(svg)) return false;
  const open: string[] = [];
  const rest = svg
    .replace(/<style>[^<]*<\/style>/g, "")
    .replace(/<(\/?)([a-z]\w*)((?: [\w:-]+="[^"<]*")*) ?(\/?)>/gi, (_, end, name, __, own) => {
      if (own === "/") return "";
      if (end !== "/") open.push(name);
      else if (open.pop() !== name) return "<";
      return "";
    });
  return open.length === 0 && !/[<>]|&(?!amp;|lt;|gt;|quot;)/.test(rest);
}
