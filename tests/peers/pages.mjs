// Walks through log-in and consent pages without a browser: follows redirects, keeps cookies, submits forms.

/**
 * Opens `start` and does `steps`, one per page, until a redirect leads to an address that begins with `until`; that
 * address is the answer and is not opened. A step is `{ click: "text of a button", fill: { field: "value" } }`, or
 * `{ follow: "text of a link" }`.
 */
export async function consent(start, { until, steps }) {
  const cookies = new Map();
  const left = [...steps];
  let request = new Request(start);
  for (let hop = 0; hop < 20; hop += 1) {
    const response = await send(request, cookies);
    const location = response.headers.get("location");
    if (location) {
      const target = new URL(location, request.url).href;
      if (target.startsWith(until)) return target;
      request = new Request(target);
      continue;
    }
    const html = await response.text();
    const step = left.shift();
    if (!step) throw new Error(`${request.url} answered ${response.status} and no step is left: ${html.slice(0, 300)}`);
    request = step.follow ? link(html, step.follow, request.url) : submission(html, step, request.url);
  }
  throw new Error(`no redirect to ${until} after 20 requests`);
}

async function send(request, cookies) {
  const { host } = new URL(request.url);
  const jar = cookies.get(host) ?? new Map();
  cookies.set(host, jar);
  request.headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
  const response = await fetch(request, { redirect: "manual" });
  for (const line of response.headers.getSetCookie()) {
    const [name, value] = line.split(";", 1)[0].split(/=(.*)/s);
    if (value) jar.set(name, value);
    else jar.delete(name);
  }
  return response;
}

function submission(html, { click, fill = {} }, page) {
  const form = html.match(/<form[\s\S]*?<\/form>/g)?.find((each) => words(each).includes(click));
  if (!form) throw new Error(`${page} has no form with a button ${click}: ${words(html).slice(0, 300)}`);
  const fields = new URLSearchParams();
  for (const [tag] of form.matchAll(/<input[^>]*>/g)) {
    if (attribute(tag, "name")) fields.set(attribute(tag, "name"), attribute(tag, "value") ?? "");
  }
  for (const [name, value] of Object.entries(fill)) fields.set(name, value);
  const action = new URL(attribute(form, "action") || page, page);
  return new Request(action, { method: "POST", body: fields });
}

function link(html, text, page) {
  const found = html.match(/<a\s[\s\S]*?<\/a>/g)?.find((each) => words(each).includes(text));
  if (!found) throw new Error(`${page} has no link ${text}: ${words(html).slice(0, 300)}`);
  return new Request(new URL(attribute(found, "href"), page));
}

const words = (html) => unescape(html.replace(/<style[\s\S]*?<\/style>|<[^>]*>/g, " ").replace(/\s+/g, " "));
const attribute = (tag, name) => {
  const value = tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1];
  return value === undefined ? undefined : unescape(value);
};
const unescape = (text) =>
  text.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">", quot: '"' })[name] ?? "'");
