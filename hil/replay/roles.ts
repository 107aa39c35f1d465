/** Whose model can be replayed to. */
export const replayRoles = ['main', 'sub', 'disk'] as const;
export type ReplayRole = (typeof replayRoles)[number];
