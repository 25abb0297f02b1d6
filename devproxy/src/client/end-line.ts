/** Last line of a response of several lines: success, or an error with the exit code of a command. */
export type EndLine = { event: "end" } | { event: "error"; code: string; message: string; exit: number };
