"""Small drawings on a grid of 20, one stroke each, in the colour of the text around them."""

PATHS = {
    "account": '<circle cx="10" cy="7" r="3.25"/><path d="M3.75 17c.6-3.4 3-5.25 6.25-5.25S15.65 13.6 16.25 17"/>',
    "arrow": '<path d="M4 10h11.5M11 5.5l4.5 4.5-4.5 4.5"/>',
    "back": '<path d="M16 10H4.5M9 5.5L4.5 10 9 14.5"/>',
    "building": '<path d="M4 17V4.5h8V17M12 8.5h4V17M2.5 17h15M7 8h2M7 11h2M7 14h2"/>',
    "check": '<path d="M4.5 10.5l3.75 3.75L15.5 6.5"/>',
    "chevron": '<path d="M6 8l4 4 4-4"/>',
    "clock": '<circle cx="10" cy="10" r="7"/><path d="M10 6v4.25l2.75 1.75"/>',
    "copy": '<rect x="7" y="7" width="9.5" height="9.5" rx="2"/><path d="M4.5 13A1.5 1.5 0 0 1 3.5 11.5v-6a2 2 0 0 1 2-2h6A1.5 1.5 0 0 1 13 4.5"/>',  # noqa: E501
    "danger": '<path d="M10 3.25L17.5 16.5h-15zM10 8v4M10 14.25v.25"/>',
    "dark": '<path d="M16.25 11.75A6.75 6.75 0 1 1 8.25 3.75a5.25 5.25 0 0 0 8 8z"/>',
    "done": '<circle cx="10" cy="10" r="7"/><path d="M6.75 10.25l2.25 2.25 4.25-4.75"/>',
    "folder": '<path d="M3 15.5v-10A1.5 1.5 0 0 1 4.5 4h3l2 2.25h6A1.5 1.5 0 0 1 17 7.75v7.75a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1z"/>',  # noqa: E501
    "home": '<path d="M3.5 9L10 3.5 16.5 9v7a.75.75 0 0 1-.75.75h-11.5A.75.75 0 0 1 3.5 16zM8 16.5v-4.75h4v4.75"/>',
    "info": '<circle cx="10" cy="10" r="7"/><path d="M10 9.25V14M10 6.25v.25"/>',
    "light": '<circle cx="10" cy="10" r="3.25"/><path d="M10 2.5v1.75M10 15.75v1.75M2.5 10h1.75M15.75 10h1.75M4.7 4.7l1.2 1.2M14.1 14.1l1.2 1.2M15.3 4.7l-1.2 1.2M5.9 14.1l-1.2 1.2"/>',  # noqa: E501
    "mail": '<rect x="2.75" y="4.5" width="14.5" height="11" rx="2"/><path d="M3.25 6.5L10 11l6.75-4.5"/>',
    "menu": '<path d="M3.5 6h13M3.5 10h13M3.5 14h13"/>',
    "plus": '<path d="M10 4v12M4 10h12"/>',
    "settings": '<path d="M3 6h7M14 6h3M3 14h3M10 14h7"/><circle cx="12" cy="6" r="2"/><circle cx="8" cy="14" r="2"/>',
    "sign-out": '<path d="M8 3.5H5A1.5 1.5 0 0 0 3.5 5v10A1.5 1.5 0 0 0 5 16.5h3M8 10h9M13.5 6.5L17 10l-3.5 3.5"/>',
    "system": '<rect x="2.75" y="3.75" width="14.5" height="9.5" rx="1.5"/><path d="M7 16.75h6M10 13.25v3.5"/>',
    "waiting": '<circle cx="10" cy="10" r="7"/>',
    "warning": '<circle cx="10" cy="10" r="7"/><path d="M10 6v4.75M10 13.5v.25"/>',
}
