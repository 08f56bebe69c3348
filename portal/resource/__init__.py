"""The frame of a submenu: from one declaration its list, details, forms, actions and twins."""
