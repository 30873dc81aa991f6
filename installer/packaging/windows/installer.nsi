; The installer for Windows. `cargo xtask package` says VERSION, FILES and OUTPUT.
; For one user: browsers read the manifests of a user, and nobody has to be an administrator.

; As the program is; NSIS makes one for 32 bits otherwise.
Target amd64-unicode
!include LogicLib.nsh
!include MUI2.nsh

!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Torrpeddo"

Name "Torrpeddo ${VERSION}"
OutFile "${OUTPUT}"
InstallDir "$LOCALAPPDATA\Programs\Torrpeddo"
InstallDirRegKey HKCU "${KEY}" InstallLocation
RequestExecutionLevel user
SetCompressor /SOLID lzma
; The same bytes whenever it is made.
SetDateSave off

!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE English
!insertmacro MUI_LANGUAGE German

; Runs the program as it is installed, without a window. What it says is in the details.
!macro Torrpeddo COMMAND
    nsExec::ExecToLog '"$INSTDIR\torrpeddo.exe" ${COMMAND}'
    Pop $0
!macroend

Section
    SetOutPath "$INSTDIR"
    ${If} ${FileExists} "$INSTDIR\torrpeddo.exe"
        !insertmacro Torrpeddo stop
        ; One that runs, because a browser started it again, cannot be replaced, but it can be renamed.
        Delete "$INSTDIR\torrpeddo.old.exe"
        Rename "$INSTDIR\torrpeddo.exe" "$INSTDIR\torrpeddo.old.exe"
    ${EndIf}
    File "${FILES}/torrpeddo.exe"
    File "${FILES}/LICENSE-APACHE.txt"
    File "${FILES}/LICENSE-MIT.txt"
    File "${FILES}/third-party-licences.txt"
    Delete "$INSTDIR\torrpeddo.old.exe"
    WriteUninstaller "$INSTDIR\uninstall.exe"
    WriteRegStr HKCU "${KEY}" DisplayName "Torrpeddo"
    WriteRegStr HKCU "${KEY}" DisplayVersion "${VERSION}"
    WriteRegStr HKCU "${KEY}" InstallLocation "$INSTDIR"
    WriteRegStr HKCU "${KEY}" UninstallString '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKCU "${KEY}" QuietUninstallString '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKCU "${KEY}" NoModify 1
    WriteRegDWORD HKCU "${KEY}" NoRepair 1
    !insertmacro Torrpeddo install
SectionEnd

Section Uninstall
    !insertmacro Torrpeddo uninstall
    !insertmacro Torrpeddo "uninstall --handler --autostart"
    ; Only now: no browser can start it again.
    !insertmacro Torrpeddo stop
    ; Its process is gone a moment later.
    ${For} $1 1 100
        ClearErrors
        Delete "$INSTDIR\torrpeddo.exe"
        ${IfNot} ${Errors}
            ${ExitFor}
        ${EndIf}
        Sleep 100
    ${Next}
    Delete "$INSTDIR\torrpeddo.old.exe"
    Delete "$INSTDIR\LICENSE-APACHE.txt"
    Delete "$INSTDIR\LICENSE-MIT.txt"
    Delete "$INSTDIR\third-party-licences.txt"
    Delete "$INSTDIR\uninstall.exe"
    ; Fails where something else was put there, and then it stays.
    RMDir "$INSTDIR"
    DeleteRegKey HKCU "${KEY}"
SectionEnd
