"""Opening a panel on any width: on a phone the later tabs are in a menu."""

from playwright.sync_api import expect


def open_tab(page, name: str) -> None:
    """Open the panel called `name`, through the menu of further tabs where it is there."""
    tab = page.get_by_role("tab", name=name)
    menu = page.locator("#panels .overflow-menu > button")
    expect(tab.or_(menu).filter(visible=True).first).to_be_visible()
    page.wait_for_timeout(300)  # the page moves tabs into the menu once it has measured them
    if not tab.is_visible():
        menu.click()
        tab = page.locator("#panels .overflow-dropdown button", has_text=name)
    tab.click()
