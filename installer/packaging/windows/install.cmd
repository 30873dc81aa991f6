@echo off
rem Tells the browsers of this user where Torrpeddo is: here. Move the folder first.
"%~dp0torrpeddo.exe" install %*
pause
