/**
 * The URL of the inspector page that shows a push. Without the token, which would be visible in the list of processes: the page stores it
 * when the URL that `listen` prints is opened.
 * @param inspectorUrl with the token in its fragment
 * @param seq the push; `undefined`: the page shows the list
 */
export function pageUrl(inspectorUrl: string, seq: number | undefined): string {
  const base = inspectorUrl.replace(/#.*$/s, "");
  return `${base}#/${seq === undefined ? "" : `pushes/${seq}`}`;
}
