@echo off
rem Takes Torrpeddo back from the browsers and from Windows, and ends the engine. Then the folder can go.
"%~dp0torrpeddo.exe" uninstall %*
"%~dp0torrpeddo.exe" uninstall --handler --autostart
"%~dp0torrpeddo.exe" stop
pause
