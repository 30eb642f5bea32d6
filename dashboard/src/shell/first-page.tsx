import { Navigate } from '@tanstack/react-router';
import { useScope } from '../session/scope';

/** Where an account begins: its keys, for whoever may see them. */
export function FirstPage() {
  const { id, may } = useScope();
  const seesKeys = may('keys.read') || may('people.read');
  return <Navigate to={`/a/${id}/${seesKeys ? 'keys' : 'account'}`} replace />;
}
