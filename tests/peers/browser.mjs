// Walks through log-in and consent pages in Chromium, as a person does. CHROMIUM names the program, if it is not
// /usr/bin/chromium.
import { chromium } from "playwright-core";

/** A browser for many visits; close it at the end. */
export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    chromiumSandbox: process.getuid() !== 0, // it refuses to be root in a sandbox
  });

/**
 * Opens `start` as a new visitor and does `steps`, one per page, until the browser is led to an address that begins
 * with `until`. Returns that address, and the page, which is there now. A step is
 * `{ click: "text of a button", fill: { field: "value" } }`, or `{ follow: "text of a link" }`.
 */
export async function consent(browser, start, { until, steps }) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const arrived = page.waitForRequest((request) => request.isNavigationRequest() && request.url().startsWith(until));
  await page.goto(start);
  for (const { click, follow, fill = {} } of steps) {
    const button = follow ? page.getByRole("link", { name: follow }) : page.getByRole("button", { name: click });
    await button.waitFor();
    for (const [field, value] of Object.entries(fill)) await page.locator(`[name="${field}"]`).fill(value);
    await button.click();
  }
  const address = (await arrived).url();
  await page.waitForLoadState("load");
  return { address, page, close: () => context.close() };
}
