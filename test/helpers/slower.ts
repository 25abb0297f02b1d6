/** Tests share the machine with others. A time may be this many times its limit on a quiet machine. */
export const SLOWER = 3;
