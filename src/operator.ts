import { userInfo } from 'node:os';

/** The operating system's user who runs a command; some containers have none. */
export function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'operator';
  }
}
