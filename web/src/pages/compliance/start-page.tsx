import { Redirect } from 'wouter';

/** The area's address leads to its first page. */
export default function StartPage() {
  return <Redirect to="/compliance/events" replace />;
}
