import { openPopup } from '../popup/open';
import './panel.css';

// The popup, in a place where it may stay and has the size that the user gives it.
openPopup();
