import { openPopup } from './open';

openPopup();
